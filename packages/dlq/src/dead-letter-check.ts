import {
  DEAD_LETTER_REASONS,
  type AttemptError,
  type DeadLetter,
  type PayloadEncoding,
} from "./dead-letter.ts";

/** Every way in which a payload can be read. */
export const PAYLOAD_ENCODINGS: readonly PayloadEncoding[] = ["json", "text", "base64"];

/** ISO 8601 in UTC with milliseconds: of one width, so that moments compare as text. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_ID_LENGTH = 512;

/** What keeps a value from being a {@link DeadLetter}, one line each; none when it is one. Never shows a value. */
export function deadLetterIssues(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return ["Expected a dead letter to be an object"];
  const letter = value as Partial<Record<keyof DeadLetter, unknown>>;
  const issues: string[] = [];
  const expect = (holds: boolean, field: keyof DeadLetter, expected: string): void => {
    if (!holds) issues.push(`Expected \`${field}\` to be ${expected}`);
  };
  const { id, code, headers, fence, token } = letter;
  expect(letter.v === 1, "v", "1");
  expect(
    isText(id) && id.length > 0 && id.length <= MAX_ID_LENGTH,
    "id",
    `text of 1 to ${MAX_ID_LENGTH} characters`,
  );
  expect(isMoment(letter.ts), "ts", "a moment like 2026-11-23T08:30:00.000Z");
  expect(isText(letter.source), "source", "text");
  expect(isText(letter.target), "target", "text");
  expect(isOneOf(DEAD_LETTER_REASONS, letter.reason), "reason", `one of ${DEAD_LETTER_REASONS.join(", ")}`);
  expect(code === undefined || isText(code), "code", "text, or absent");
  expect(isText(letter.message), "message", "text");
  expect(isCount(letter.attempts), "attempts", "an integer >= 0");
  expect(
    Array.isArray(letter.errors) && letter.errors.every(isAttemptError),
    "errors",
    "a list of { ts, code?, message }",
  );
  expect(isMoment(letter.firstTs), "firstTs", "a moment like 2026-11-23T08:30:00.000Z");
  expect(fence === undefined || isCount(fence), "fence", "an integer >= 0, or absent");
  expect(token === undefined || isText(token), "token", "text, or absent");
  expect(headers === undefined || isTextRecord(headers), "headers", "an object of texts, or absent");
  expect(isCount(letter.replays), "replays", "an integer >= 0");
  expect(isOneOf(PAYLOAD_ENCODINGS, letter.encoding), "encoding", `one of ${PAYLOAD_ENCODINGS.join(", ")}`);
  expect(isText(letter.payload), "payload", "text");
  return issues;
}

/** Whether a value is a moment in the one form that records use. */
export function isMoment(value: unknown): value is string {
  return isText(value) && MOMENT.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOneOf(choices: readonly string[], value: unknown): boolean {
  return isText(value) && choices.includes(value);
}

function isTextRecord(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText)
  );
}

function isAttemptError(value: unknown): value is AttemptError {
  if (typeof value !== "object" || value === null) return false;
  const { ts, code, message } = value as Partial<Record<keyof AttemptError, unknown>>;
  return isMoment(ts) && (code === undefined || isText(code)) && isText(message);
}
