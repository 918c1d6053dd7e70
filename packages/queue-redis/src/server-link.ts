import { errorMessage, redactText, type Clock, type Logger, type Timer } from "@chimera/dlq";
import { QueueError } from "@chimera/queue-core";
import type { Driver, MessageHandler } from "./driver.ts";

/** How often calls under way are looked at. A call outlives its deadline by at most this, in milliseconds. */
const SWEEP_MS = 250;
/** How long a client that could not connect at all is left alone before the next is made, in milliseconds. */
const RETRY_MS = 200;

export interface ServerLinkOptions {
  /** Makes an unconnected client. Called again when the one before has stalled. */
  readonly createDriver: () => Driver;
  /** As logs name it. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds within which a call has its reply, or the socket is ended. */
  readonly commandTimeoutMs: number;
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
    return this.#replyTo(driver.send(key, args), deadline);
  }

  async #sendLater(key: string, args: readonly string[], deadline: number): Promise<unknown> {
    const driver = await this.#ready(deadline);
    return this.#replyTo(driver.send(key, args), deadline);
  }

  /** The reply, unless it is overdue. */
  async #replyTo(sent: Promise<unknown>, deadline: number): Promise<unknown> {
    const { clock } = this.#options;
    const pending: Pending = { deadline };
    this.#pending.add(pending);
    this.#sweep ??= clock.schedule(() => this.#lookAfter(), SWEEP_MS, true);
    try {
      const reply = await sent;
      this.#lastReplyAt = clock.monotonic();
      return reply;
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
        // A server that accepts a connection and answers nothing would hold the handshake for ever.
        if (this.#driver === driver) this.#drop();
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

  #lookAfter(): void {
    this.#sweep = undefined;
    const now = this.#options.clock.monotonic();
    let overdue = false;
    for (const { deadline } of this.#pending) overdue ||= deadline < now;
    if (overdue) {
      this.#options.logger.warn("redis.stalled", {
        connection: this.#options.purpose,
        pending: this.#pending.size,
      });
      this.#lost = true;
      this.#drop();
    }
    if (this.#pending.size > 0 && !this.#closed) {
      this.#sweep = this.#options.clock.schedule(() => this.#lookAfter(), SWEEP_MS, true);
    }
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
    const message = redactText(errorMessage(error), { secrets: this.#options.secrets });
    if (message === this.#lastErrorLogged) return;
    this.#lastErrorLogged = message;
    this.#options.logger.warn("redis.error", { connection: this.#options.purpose, message });
  }
}
