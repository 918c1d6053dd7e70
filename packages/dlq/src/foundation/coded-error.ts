/** What a coded error says beside its message. */
export interface CodedErrorDetails {
  /** Whether the same call may succeed later without a change by the caller. @defaultValue false */
  readonly retryable?: boolean;
  /** The error that led to this one; it must not carry a secret. */
  readonly cause?: unknown;
  /** Each single thing that was wrong, where there can be several: settings, options, schema. @defaultValue [] */
  readonly issues?: readonly string[];
}

/**
 * The base of each package's one error class.
 *
 * Check `code`, not `instanceof`: the ESM and the CommonJS copy of a class differ.
 * A worker treats an error with `retryable: true` as a failure of the surroundings, not of the job.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;
  readonly retryable: boolean;
  readonly issues: readonly string[];

  constructor(code: Code, message: string, details: CodedErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.issues = details.issues ?? [];
  }

  /** What a log or a dead letter may show: no stack, no cause. */
  toJSON(): { name: string; code: Code; message: string; retryable: boolean; issues?: readonly string[] } {
    const { name, code, message, retryable, issues } = this;
    return { name, code, message, retryable, ...(issues.length > 0 && { issues }) };
  }
}

/** The `code` of any thrown value, when it has one that is text. Follows no chain of causes. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The message of any thrown value, an Error or not. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  if (typeof error === "string") return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    return Object.prototype.toString.call(error);
  }
}

/** Whether a thrown value says of itself that the surroundings failed and the same may work later. */
export function isRetryable(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { retryable?: unknown }).retryable === true;
}
