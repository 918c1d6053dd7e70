import { withDoubt } from "./commits-inside.ts";
import { PostgresError } from "./errors.ts";
import { Failure } from "./failure.ts";
import type { Limits } from "./failure.ts";
import type { Pool } from "./pool.ts";
import type { DriverResult, PooledClient, Statement } from "./pooled-client.ts";
import type { RetryCall, Retrier } from "./retry.ts";

/** Where pool and retry meet: what is called with a client, and called again where that is safe. */
export class Calls {
  readonly #pool: Pool;
  readonly #retrier: Retrier;

  constructor(pool: Pool, retrier: Retrier) {
    this.#pool = pool;
    this.#retrier = retrier;
  }

  /**
   * Runs one statement. The way of nearly every call: written out as a loop, since each layer of promises shows at
   * this speed (the scenarios pg-query-1, -10 and -50).
   *
   * @throws PostgresError, or the signal's reason.
   */
  async run(statement: Statement, limits: Limits, idempotent: boolean): Promise<DriverResult> {
    for (let attempts = 1; ; attempts++) {
      let client: PooledClient | undefined;
      try {
        client = this.#pool.takeWarm() ?? (await this.#pool.take(limits));
        const result = await client.run(statement, limits);
        if (client.unfitReason === "left-in-transaction") throw leftInTransaction();
        return result;
      } catch (error) {
        this.#noteFailover(error, client);
        // Before waiting for the next try: somebody else can use it meanwhile.
        if (client !== undefined) this.#pool.giveBack(client);
        client = undefined;
        await this.#retrier.waitForNext(withDoubt(error, statement), attempts, { limits, idempotent });
      } finally {
        if (client !== undefined) this.#pool.giveBack(client);
      }
    }
  }

  /**
   * Lets `use` have a client. `settle` may turn its failure into a result or another failure, once the client is
   * back, and before it is decided whether there is another try.
   *
   * @throws PostgresError; the signal's reason; what `use` throws beside failures.
   */
  async withClient<Result>(
    call: RetryCall,
    use: (client: PooledClient) => Promise<Result>,
    settle?: (error: unknown) => Promise<Result>,
  ): Promise<Result> {
    for (let attempts = 1; ; attempts++) {
      try {
        try {
          return await this.#once(call.limits, use);
        } catch (error) {
          if (settle === undefined) throw error;
          return await settle(error);
        }
      } catch (error) {
        await this.#retrier.waitForNext(error, attempts, call);
      }
    }
  }

  /** A client for longer than a call, to be handed to {@link giveBack}. @throws PostgresError, or the signal's reason. */
  async take(call: RetryCall): Promise<PooledClient> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.#pool.take(call.limits);
      } catch (error) {
        await this.#retrier.waitForNext(error, attempts, call);
      }
    }
  }

  giveBack(client: PooledClient): void {
    this.#pool.giveBack(client);
  }

  async #once<Result>(limits: Limits, use: (client: PooledClient) => Promise<Result>): Promise<Result> {
    const client = this.#pool.takeWarm() ?? (await this.#pool.take(limits));
    try {
      return await use(client);
    } catch (error) {
      this.#noteFailover(error, client);
      throw error;
    } finally {
      this.#pool.giveBack(client);
    }
  }

  /** A server that takes only reads has been replaced: so must be every session with it. */
  #noteFailover(error: unknown, client: PooledClient | undefined): void {
    if (!(error instanceof Failure) || error.kind !== "failover") return;
    client?.taint("flushed");
    this.#pool.flush();
  }
}

/** The next statement would run on another client, outside of it, and be committed at once. */
function leftInTransaction(): PostgresError {
  return new PostgresError(
    "POSTGRES_INVALID",
    "The statement left a transaction open, which was rolled back; use transaction()",
  );
}
