import { deadLetterIssues } from "./dead-letter-check.ts";
import type { AttemptError, DeadLetter } from "./dead-letter.ts";
import { DlqError } from "./errors.ts";
import { redactText } from "./foundation/redact.ts";
import { compileRedaction } from "./redaction.ts";

/** Characters that a message of a letter may have; what is over is cut and marked with an ellipsis. */
const MAX_MESSAGE_LENGTH = 1_024;
const MAX_ERRORS = 5;

/** Options of {@link createIntake}. */
export interface IntakeOptions {
  /**
   * Places whose values are masked before a letter is stored, such as `payload.user.email`,
   * `payload.items[*].card` or `headers.authorization`. A masked payload is replayed masked. @defaultValue []
   */
  readonly redact?: readonly string[];
}

/**
 * Makes the gate that every store puts its letters through: checks the record, masks what looks like a secret in
 * its messages, cuts them at 1 KiB, keeps the last 5 errors, and masks the places named by `redact`.
 *
 * @returns a function from a letter to the letter to be stored; the same object where nothing had to change.
 * It throws `DLQ_INVALID` with every `issue` of a record that is not one.
 * @throws DlqError `DLQ_INVALID` at once for a path that cannot be read.
 */
export function createIntake({ redact = [] }: IntakeOptions = {}): (letter: DeadLetter) => DeadLetter {
  const redactPaths = compileRedaction(redact);
  return (letter) => {
    const issues = deadLetterIssues(letter);
    if (issues.length > 0) {
      throw new DlqError("DLQ_INVALID", `Not a dead letter: ${issues.join("; ")}`, { issues });
    }
    return redactPaths(withSafeMessages(letter));
  };
}

function withSafeMessages(letter: DeadLetter): DeadLetter {
  const message = safeMessage(letter.message);
  const errors = safeErrors(letter.errors);
  return message === letter.message && errors === letter.errors ? letter : { ...letter, message, errors };
}

function safeErrors(errors: readonly AttemptError[]): readonly AttemptError[] {
  const last = errors.length > MAX_ERRORS ? errors.slice(-MAX_ERRORS) : errors;
  const safe = last.map(withSafeMessage);
  return safe.every((error, at) => error === last[at]) ? last : safe;
}

function withSafeMessage(error: AttemptError): AttemptError {
  const message = safeMessage(error.message);
  return message === error.message ? error : { ...error, message };
}

function safeMessage(message: string): string {
  return redactText(message, { maxLength: MAX_MESSAGE_LENGTH });
}
