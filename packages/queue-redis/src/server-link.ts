import { errorMessage, redactText, type Clock, type Logger, type Timer } from "@chimera/dlq";
import { QueueError } from "@chimera/queue-core";
import type { Driver, MessageHandler } from "./driver.ts";
import { replyWord } from "./server-errors.ts";

/** How often calls under way are looked at. A call outlives its deadline by at most this, in milliseconds. */
const SWEEP_MS = 250;
/** How long a client that could not connect at all is left alone before the next is made, in milliseconds. */
const RETRY_MS = 200;
/** How long a connection to a server that takes no writes is kept before another is looked for, in milliseconds. */
const READ_ONLY_MS = 1_000;

export interface ServerLinkOptions {
  /** Makes an unconnected client. Called again when the one before has stalled. */
  readonly createDriver: () => Driver;
  /** As logs name it. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds within which a call has its reply, or the socket is ended. */
  readonly commandTimeoutMs: number;
  /** Milliseconds that a connection may take to be made. */
  readonly connectTimeoutMs: number;
  /** Values that no log may show. */
  readonly secrets: readonly string[];
}

/** A call that waits for its reply. */
interface Pending {
  readonly deadline: number;
}

/**
 * One connection to Redis that is made when first used, comes back by itself, and never waits for ever.
 *
 * A reply that is overdue means that the connection is half open or the server hangs: the socket is destroyed, every call on it
 * is rejected, and a new connection is made. Without that a dead peer holds its callers until TCP gives up, many minutes later.
 */
export class ServerLink {
  readonly #options: ServerLinkOptions;
  readonly #pending = new Set<Pending>();
  #driver: Driver | undefined;
  /** When the driver last began to connect. */
  #triedAt = 0;
  #sweep: Timer | undefined;
  #closed = false;
  #lastReplyAt: number | undefined;
  #lastErrorLogged = "";
  readonly #onReconnect = new Set<() => void>();
  readonly #waiters = new Set<() => void>();
  #lost = false;

  constructor(options: ServerLinkOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#driver?.isReady ?? false;
  }

  /** Milliseconds since the last reply; `undefined` before the first. */
  get silentMs(): number | undefined {
    return this.#lastReplyAt === undefined ? undefined : this.#options.clock.monotonic() - this.#lastReplyAt;
  }

  /** Called whenever the connection is back after it was lost. */
  onReconnect(listener: () => void): () => void {
    this.#onReconnect.add(listener);
    return () => void this.#onReconnect.delete(listener);
  }

  /**
   * Sends one command. Waits for the connection first, within the same deadline.
   *
   * @throws what the driver throws, and `BACKEND_UNAVAILABLE` when there was no connection: then nothing was sent.
   */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would hold the words until the reply
  send(key: string, args: readonly string[], timeoutMs?: number): Promise<unknown> {
    const { clock, commandTimeoutMs } = this.#options;
    const deadline = clock.monotonic() + (timeoutMs ?? commandTimeoutMs);
    const driver = this.#driver;
    if (driver === undefined || !driver.isReady) return this.#sendLater(key, args, deadline);
    return this.#replyTo(driver, driver.send(key, args), deadline);
  }

  async #sendLater(key: string, args: readonly string[], deadline: number): Promise<unknown> {
    const driver = await this.#ready(deadline);
    return this.#replyTo(driver, driver.send(key, args), deadline);
  }

  /** The reply, unless it is overdue. */
  async #replyTo(driver: Driver, sent: Promise<unknown>, deadline: number): Promise<unknown> {
    const { clock } = this.#options;
    const pending: Pending = { deadline };
    this.#pending.add(pending);
    this.#sweep ??= clock.schedule(() => this.#lookAfter(), SWEEP_MS, true);
    try {
      const reply = await sent;
      this.#lastReplyAt = clock.monotonic();
      return reply;
    } catch (error) {
      if (driver === this.#driver && replyWord(error) === "READONLY") this.#lookElsewhere();
      throw error;
    } finally {
      this.#pending.delete(pending);
    }
  }

  /** Calls `listener` for each message on the channels, over reconnections. A link that listens does nothing else. */
  async subscribe(channels: readonly string[], listener: MessageHandler): Promise<void> {
    const { clock, commandTimeoutMs } = this.#options;
    const driver = await this.#ready(clock.monotonic() + commandTimeoutMs);
    await driver.subscribe(channels, listener);
  }

  /** Ends the connection at once; calls under way are rejected. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#drop();
  }

  async #ready(deadline: number): Promise<Driver> {
    const { clock } = this.#options;
    for (;;) {
      if (this.#closed) throw new QueueError("QUEUE_CLOSED", "The connection to Redis was closed");
      const driver = this.#open();
      const left = deadline - clock.monotonic();
      if (driver.isReady) return driver;
      if (left <= 0) {
        this.#dropIfStuck(driver);
        const why = this.#lastErrorLogged === "" ? "" : `: ${this.#lastErrorLogged}`;
        throw new QueueError("BACKEND_UNAVAILABLE", `No connection to Redis${why}`, { retryable: true });
      }
      await this.#change(Math.min(left, RETRY_MS));
    }
  }

  /** Resolves when a connection is made, at the latest after `patienceMs`. */
  async #change(patienceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.schedule(wake, patienceMs);
      this.#waiters.add(wake);
    });
  }

  #open(): Driver {
    if (this.#driver !== undefined) return this.#driver;
    const driver = this.#options.createDriver();
    this.#driver = driver;
    this.#triedAt = this.#options.clock.monotonic();
    driver.on("error", (error) => this.#noteError(driver, error));
    driver.on("ready", () => this.#noteReady(driver));
    driver.connect().then(
      () => this.#noteReady(driver),
      (error: unknown) => {
        this.#noteError(driver, error);
        if (this.#driver === driver) this.#drop();
      },
    );
    return driver;
  }

  #drop(): void {
    const driver = this.#driver;
    this.#driver = undefined;
    driver?.destroy();
  }

  /**
   * A server that accepts a connection and answers nothing would hold the handshake for ever. One that needs longer than a
   * call may take is left to it, or a connection would never be made.
   */
  #dropIfStuck(driver: Driver): void {
    const { clock, connectTimeoutMs, commandTimeoutMs } = this.#options;
    const patienceMs = Math.max(connectTimeoutMs, commandTimeoutMs);
    if (this.#driver === driver && clock.monotonic() - this.#triedAt >= patienceMs) this.#drop();
  }

  /** What was the primary is a replica now: its name may lead to another server by this time. */
  #lookElsewhere(): void {
    if (this.#options.clock.monotonic() - this.#triedAt < READ_ONLY_MS) return;
    this.#options.logger.warn("redis.read-only", { connection: this.#options.purpose });
    this.#lost = true;
    this.#drop();
  }

  #lookAfter(): void {
    const look = (): void => {
      this.#sweep = undefined;
      if (this.#isOverdue()) this.#endStalled();
      if (this.#pending.size > 0 && !this.#closed) {
        this.#sweep = this.#options.clock.schedule(() => this.#lookAfter(), SWEEP_MS, true);
      }
    };
    // Timers come before sockets are read: in a process that stood still, the replies may have come long ago.
    if (this.#isOverdue()) setImmediate(look);
    else look();
  }

  #isOverdue(): boolean {
    const now = this.#options.clock.monotonic();
    for (const { deadline } of this.#pending) if (deadline < now) return true;
    return false;
  }

  #endStalled(): void {
    const { logger, purpose } = this.#options;
    logger.warn("redis.stalled", { connection: purpose, pending: this.#pending.size });
    this.#lost = true;
    this.#drop();
  }

  #noteReady(driver: Driver): void {
    if (driver !== this.#driver || !driver.isReady) return;
    for (const wake of this.#waiters) wake();
    if (!this.#lost) return;
    this.#lost = false;
    this.#lastErrorLogged = "";
    this.#options.logger.info("redis.reconnected", { connection: this.#options.purpose });
    for (const listener of this.#onReconnect) listener();
  }

  /** The same trouble is said once, not at every try. */
  #noteError(driver: Driver, error: unknown): void {
    if (driver !== this.#driver || this.#closed) return;
    this.#lost = true;
    this.#triedAt = this.#options.clock.monotonic();
    const message = redactText(errorMessage(error), { secrets: this.#options.secrets });
    if (message === this.#lastErrorLogged) return;
    this.#lastErrorLogged = message;
    this.#options.logger.warn("redis.error", { connection: this.#options.purpose, message });
  }
}
