import { errorCode, errorMessage, isRetryable, redactText } from "@chimera/dlq";

/** What a worker goes by of anything that was thrown. */
export interface Thrown {
  readonly code: string | undefined;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
  /** The surroundings failed, by its own word. */
  readonly retryable: boolean;
}

/** Reads anything that was thrown. Never throws: an Error may have no text for its message, and a getter may throw. */
export function readThrown(error: unknown): Thrown {
  try {
    const message: unknown = errorMessage(error);
    const text = typeof message === "string" ? message : errorMessage(message);
    return { code: errorCode(error), message: redactText(text), retryable: isRetryable(error) };
  } catch {
    return { code: undefined, message: "What was thrown cannot be read", retryable: false };
  }
}
