import {
  DEAD_LETTER_REASONS,
  type AttemptError,
  type DeadLetter,
  type DeadLetterEnvelope,
  type PayloadEncoding,
} from "./dead-letter.ts";

/** Every way in which a payload can be read. */
const PAYLOAD_ENCODINGS: readonly PayloadEncoding[] = ["json", "text", "base64"];

/** ISO 8601 in UTC with milliseconds: of one width, so that moments compare as text. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_ID_LENGTH = 512;

/** What each field has to be, in the order in which issues are listed. */
const EXPECTED: {
  readonly [Name in keyof DeadLetter]-?: readonly [is: (value: unknown) => boolean, what: string];
} = {
  v: [(value) => value === 1, "1"],
  id: [isId, `text of 1 to ${MAX_ID_LENGTH} characters`],
  ts: [isMoment, "a moment like 2026-11-23T08:30:00.000Z"],
  source: [isText, "text"],
  target: [isText, "text"],
  reason: [(value) => isOneOf(DEAD_LETTER_REASONS, value), `one of ${DEAD_LETTER_REASONS.join(", ")}`],
  code: [(value) => value === undefined || isText(value), "text, or absent"],
  message: [isText, "text"],
  attempts: [isCount, "an integer >= 0"],
  errors: [
    (value) => Array.isArray(value) && value.every(isAttemptError),
    "a list of { ts, code?, message }",
  ],
  firstTs: [isMoment, "a moment like 2026-11-23T08:30:00.000Z"],
  fence: [(value) => value === undefined || isCount(value), "an integer >= 0, or absent"],
  token: [(value) => value === undefined || isText(value), "text, or absent"],
  headers: [(value) => value === undefined || isTextRecord(value), "an object of texts, or absent"],
  replays: [isCount, "an integer >= 0"],
  encoding: [(value) => isOneOf(PAYLOAD_ENCODINGS, value), `one of ${PAYLOAD_ENCODINGS.join(", ")}`],
  payload: [isText, "text"],
};
type Field = [name: keyof DeadLetter, expected: (typeof EXPECTED)[keyof DeadLetter]];
const FIELDS = Object.entries(EXPECTED) as Field[];
const ENVELOPE_FIELDS = FIELDS.filter(([field]) => field !== "payload");

/** What keeps a value from being a {@link DeadLetter}, one line each; none when it is one. Never shows a value. */
export function deadLetterIssues(value: unknown): string[] {
  return fieldIssues(value, FIELDS);
}

/** Whether a value is a dead letter as far as everything but its payload goes. */
export function isEnvelope(value: unknown): value is DeadLetterEnvelope {
  return fieldIssues(value, ENVELOPE_FIELDS).length === 0;
}

function fieldIssues(value: unknown, fields: readonly Field[]): string[] {
  if (typeof value !== "object" || value === null) return ["Expected a dead letter to be an object"];
  const letter = value as Partial<Record<keyof DeadLetter, unknown>>;
  const issues: string[] = [];
  for (const [field, [is, what]] of fields) {
    if (!is(letter[field])) issues.push(`Expected \`${field}\` to be ${what}`);
  }
  return issues;
}

/** Whether a value is a moment in the one form that records use. */
export function isMoment(value: unknown): value is string {
  return isText(value) && MOMENT.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isId(value: unknown): boolean {
  return isText(value) && value.length > 0 && value.length <= MAX_ID_LENGTH;
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
