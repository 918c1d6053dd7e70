import type { TransactionMark } from "./server-life.ts";
import type { FailureClass } from "./sqlstate.ts";

/**
 * A failed step on its way to whoever decides about a repetition. Never leaves the package: callers get a
 * `PostgresError`, or their own abort reason.
 */
export class Failure extends Error {
  readonly kind: FailureClass;
  readonly driverError: unknown;
  /** What ended the step on our side, when it was not the server. */
  readonly interruption: Interruption | undefined;

  constructor(kind: FailureClass, driverError: unknown, interruption?: Interruption) {
    super("a step failed");
    this.kind = kind;
    this.driverError = driverError;
    this.interruption = interruption;
  }

  /** Whether it may be that the effect happened. */
  get isOpen(): boolean {
    return this.kind === "unknown";
  }
}

/** A connection that was lost before COMMIT was sent: with it the server forgot the whole transaction. */
export class LostTransaction extends Failure {
  override get isOpen(): boolean {
    return false;
  }
}

/** A COMMIT whose answer was lost, with what is needed to find out. */
export class LostCommit extends Failure {
  /** What the transaction's function had resolved with. */
  readonly value: unknown;
  /** `undefined` when it was not asked for. */
  readonly mark: TransactionMark | undefined;
  /** The server's process that had it. */
  readonly processId: number | null;

  constructor(failure: Failure, value: unknown, mark: TransactionMark | undefined, processId: number | null) {
    super(failure.kind, failure.driverError, failure.interruption);
    this.value = value;
    this.mark = mark;
    this.processId = processId;
  }
}

/** Why a step was given up before it ended. */
export type Interruption = "deadline" | "abort";

/** How long and for whom a call goes on. One for all steps and tries of a call. */
export interface Limits {
  /** On the monotonic clock; Infinity without a deadline. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal | undefined;
}
