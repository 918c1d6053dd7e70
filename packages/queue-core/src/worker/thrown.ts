import { errorCode, errorMessage, isRetryable, redactText } from "@chimera/dlq";

/** What a worker goes by of anything that was thrown. */
export interface Thrown {
  readonly code: string | undefined;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
  /** The surroundings failed, by its own word. */
  readonly retryable: boolean;
}

/**
 * Reads what a handler, a listener, a backend or a store threw. Never throws itself, whatever that is: an Error may have
 * no text for its message, and a proxy or a getter may throw when it is read.
 */
export function readThrown(error: unknown): Thrown {
  try {
    const message: unknown = errorMessage(error);
    const text = typeof message === "string" ? message : errorMessage(message);
    return { code: errorCode(error), message: redactText(text), retryable: isRetryable(error) };
  } catch {
    return { code: undefined, message: "What was thrown cannot be read", retryable: false };
  }
}
