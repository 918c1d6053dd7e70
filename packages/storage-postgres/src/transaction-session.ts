import type { Credentials } from "./credentials.ts";
import { ColumnTypes } from "./bulk/columns.ts";
import { copyIn } from "./bulk/copy-in.ts";
import type { Limits } from "./failure.ts";
import { Failure, LostTransaction } from "./failure.ts";
import type { DriverResult, PooledClient, Statement } from "./pooled-client.ts";
import { reportFailure } from "./report-failure.ts";
import { sqlStateOf } from "./sqlstate.ts";

/** What all scopes of one transaction share: its client and its fate. */
export class TransactionSession {
  readonly client: PooledClient;
  readonly limits: Limits;
  /** Its own: a table made here is not there for others, and one changed here not yet. */
  readonly types: ColumnTypes = new ColumnTypes();
  readonly #credentials: Credentials;
  readonly #readOnly: boolean;
  /** What stands behind an error that the function got. */
  readonly #failures = new WeakMap<Error, Failure>();
  #doom: Failure | undefined;
  #swallowed: Error | undefined;
  #savepoints = 0;

  constructor(client: PooledClient, limits: Limits, credentials: Credentials, readOnly: boolean) {
    this.client = client;
    this.limits = limits;
    this.#credentials = credentials;
    this.#readOnly = readOnly;
  }

  /** The last error that was not itself due to an earlier one: why COMMIT was answered with ROLLBACK, if it was. */
  get swallowed(): Error | undefined {
    return this.#swallowed;
  }

  /** @throws Failure once this try cannot commit any more, whatever was caught on the way. */
  throwIfDoomed(): void {
    if (this.#doom !== undefined) throw this.#doom;
  }

  /** What the transaction failed with: the failure behind an error of ours, which another try may mend, or the error. */
  causeOf(error: unknown): unknown {
    const failure = error instanceof Error ? this.#failures.get(error) : undefined;
    return failure === undefined || failure.kind === "permanent" ? error : failure;
  }

  nextSavepoint(): string {
    return `chimera_${++this.#savepoints}`;
  }

  /** @throws PostgresError, or the signal's reason. */
  readonly run = async (statement: Statement): Promise<DriverResult> =>
    this.#use(async () => this.client.run(statement, this.limits));

  /** @throws PostgresError, or the signal's reason. */
  readonly copyIn = async (text: string, chunks: Iterable<Buffer>): Promise<number> =>
    this.#use(async () => copyIn(this.client, text, chunks, this.limits));

  /** Lets `step` use the client, and notes what its failure means for the transaction. */
  async #use<Result>(step: () => Promise<Result>): Promise<Result> {
    try {
      this.throwIfDoomed();
      return await step();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const failure = this.#read(error);
      if (dooms(failure)) this.#doom ??= failure;
      const { signal } = this.limits;
      const context = { attempts: 1, idempotent: true, signal, credentials: this.#credentials };
      const report = reportFailure(failure, context);
      this.#failures.set(report, failure);
      // What fails because the transaction had failed before is not what failed it.
      if (sqlStateOf(error.driverError) !== "25P02") this.#swallowed = report;
      throw report;
    }
  }

  /** What a failure means inside a transaction. */
  #read(failure: Failure): Failure {
    const { kind, driverError, interruption } = failure;
    if (failure.isOpen) return new LostTransaction(kind, driverError, interruption);
    // The server says what the caller asked for: this one is not to write.
    return kind === "failover" && this.#readOnly ? new Failure("permanent", driverError) : failure;
  }
}

/** Whether the transaction cannot go on, not even behind a savepoint. A lock that was not to be had can be caught. */
function dooms({ kind, interruption, driverError }: Failure): boolean {
  if (kind === "permanent") return false;
  return (
    kind !== "rolled-back" || interruption !== undefined || sqlStateOf(driverError)?.startsWith("40") === true
  );
}
