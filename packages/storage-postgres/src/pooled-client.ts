import type { Clock } from "@chimera/dlq";
import type pg from "pg";
import type { CancelRequest } from "./cancel-request.ts";
import type { DeadlineWatch } from "./deadline-watch.ts";
import type { Interruption, Limits } from "./failure.ts";
import { Failure } from "./failure.ts";
import type { DiscardReason } from "./pool-metrics.ts";
import { StatementGuard } from "./statement-guard.ts";
import type { Guarded } from "./statement-guard.ts";
import { classifyFailure, endsSession, sqlStateOf } from "./sqlstate.ts";

/** Milliseconds for a goodbye; in a silent network it would keep the socket, and the process, for a quarter of an hour. */
const GOODBYE_MS = 1_000;

/** One statement as the driver takes it. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  /** Prepared once a session under this name. */
  readonly name?: string | undefined;
}

/** The driver's result. */
export type DriverResult = pg.QueryResult<Record<string, unknown>>;

/** What a client needs from its surroundings. */
export interface ClientContext {
  readonly clock: Clock;
  readonly deadlines: DeadlineWatch;
  readonly cancel: CancelRequest;
  /** Called once when the connection is gone, in use or idle. */
  readonly onLost: (client: PooledClient) => void;
}

/**
 * One session with the server. Its `error` events always have a listener: without one, a backend that is
 * terminated while a client is checked out ends the whole process.
 */
export class PooledClient implements Guarded {
  readonly generation: number;
  /** On the monotonic clock; Infinity for never. */
  readonly expiresAt: number;
  /** On the monotonic clock. */
  lastUsedAt: number;
  readonly #driver: pg.Client;
  readonly #context: ClientContext;
  #lost = false;
  #tainted: DiscardReason | undefined;

  constructor(driver: pg.Client, context: ClientContext, generation: number, expiresAt: number) {
    this.#driver = driver;
    this.#context = context;
    this.generation = generation;
    this.expiresAt = expiresAt;
    this.lastUsedAt = context.clock.monotonic();
    const onLost = (): void => {
      if (this.#lost) return;
      this.#lost = true;
      context.onLost(this);
    };
    driver.on("error", onLost);
    driver.on("end", onLost);
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get deadlines(): DeadlineWatch {
    return this.#context.deadlines;
  }

  /** The server's process behind this session; behind a pooler a number of the pooler's own. */
  get processId(): number | null {
    return (this.#driver as pg.Client & { readonly processID: number | null }).processID;
  }

  /** Whether the connection is gone. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Why this session must not serve another call, if so. */
  get unfitReason(): DiscardReason | undefined {
    if (this.#lost) return "lost";
    if (this.#tainted !== undefined) return this.#tainted;
    return this.#driver.getTransactionStatus() === "I" ? undefined : "left-in-transaction";
  }

  /** Keeps this session from serving another call. */
  taint(reason: DiscardReason): void {
    this.#tainted ??= reason;
  }

  /** Runs a driver's own kind of query, such as a cursor or a COPY. */
  submit<Query extends pg.Submittable>(query: Query): Query {
    return this.#driver.query(query);
  }

  /**
   * Settles as `step` does, or rejects when the connection is gone first: a driver's own kind of query may wait for
   * the server's word then. Not by a promise that lives as long as the client, which would keep every answer.
   */
  async untilLost<Result>(step: Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const onEnd = (): void => reject(new Error("Connection terminated unexpectedly"));
      this.#driver.once("end", onEnd);
      void step.finally(() => this.#driver.off("end", onEnd)).then(resolve, reject);
    });
  }

  /**
   * Runs one statement within its limits; see {@link StatementGuard} for what happens at their end.
   *
   * @throws Failure
   */
  // oxlint-disable-next-line typescript/promise-function-async -- one promise a statement; each more shows
  run({ text, name, values }: Statement, limits: Limits): Promise<DriverResult> {
    return new Promise<DriverResult>((resolve, reject) => {
      this.throwIfOver(limits);
      const guard = this.guard(limits);
      const query = name === undefined ? text : { text, name };
      // With a callback: the driver's own form takes two promises more, and traces a stack for each error.
      this.#driver.query(query as string, values as unknown[], (error, result) => {
        if (error) {
          this.#onceSettled(error, () => {
            guard.end();
            reject(this.failureOf(error, guard.interruption));
          });
          return;
        }
        guard.end();
        resolve(result);
      });
    });
  }

  /**
   * Acts once the server has said what a refusal left of the transaction, which it does in a message of its own: by
   * what was true before, a client inside of one would serve the next call, and one outside would be thrown away.
   */
  #onceSettled(error: unknown, act: () => void): void {
    if (this.#lost || endsSession(error)) {
      act();
      return;
    }
    const driver = this.#driver;
    const settled = (): void => {
      driver.connection.off("readyForQuery", settled);
      driver.off("end", settled);
      act();
    };
    driver.connection.once("readyForQuery", settled);
    driver.once("end", settled);
  }

  /** @throws Failure `never-sent` when the limits have ended: what would only be cancelled is not sent. */
  throwIfOver({ deadlineAt, signal }: Limits): void {
    if (signal?.aborted === true) throw new Failure("never-sent", signal.reason, "abort");
    if (deadlineAt <= this.clock.monotonic())
      throw new Failure("never-sent", new Error("the deadline came before the statement"), "deadline");
  }

  /** Limits of `durationMs` from now, for what must end soon whoever waits. */
  limitsFor(durationMs: number): Limits {
    return { deadlineAt: this.#context.clock.monotonic() + durationMs, signal: undefined };
  }

  /** Watches limits while something runs on the server; its `end` must be called. */
  guard(limits: Limits): StatementGuard {
    return new StatementGuard(this, limits);
  }

  /** Asks the server to cancel what runs. */
  cancelRunning(): void {
    // The request may reach the server late and hit whatever this session runs then.
    this.taint("cancelled");
    this.#context.cancel(this.#driver);
  }

  /** Classifies what the driver threw, and remembers when the session is spoilt by it. */
  failureOf(error: unknown, interruption?: Interruption): Failure {
    if (error instanceof Failure) return error;
    if (endsSession(error)) this.taint("broken");
    const confirmed = sqlStateOf(error) === "57014";
    const kind = classifyFailure(error, "sent", this.#lost);
    if (interruption === undefined) return new Failure(kind, error);
    return new Failure(confirmed ? "rolled-back" : kind, error, interruption);
  }

  /** Whether the server answers within `timeoutMs`; if not, the connection is cut. */
  async ping(timeoutMs: number): Promise<boolean> {
    const timer = this.#context.clock.schedule(() => this.destroy(), timeoutMs);
    try {
      // The empty statement is the cheapest round trip there is.
      await new Promise<void>((resolve, reject) => {
        this.#driver.query("", [], (error: Error | undefined) => (error ? reject(error) : resolve()));
      });
      return !this.#lost;
    } catch {
      return false;
    } finally {
      timer.cancel();
    }
  }

  /** Cuts the connection without a word to the server; what runs fails. */
  destroy(): void {
    this.#driver.connection.stream.destroy();
  }

  /** Says goodbye and closes. Never rejects. */
  async end(): Promise<void> {
    const timer = this.#context.clock.schedule(() => this.destroy(), GOODBYE_MS);
    try {
      await this.#driver.end();
    } catch {
      this.destroy();
    } finally {
      timer.cancel();
    }
  }
}
