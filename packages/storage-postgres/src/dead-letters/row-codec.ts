import type { DeadLetter, DeadLetterState, StoredDeadLetter } from "@chimera/dlq";

/** What Postgres' text cannot hold: NUL, and halves of surrogate pairs, which have no form in UTF-8. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
/** Begins a text that was escaped. A text that begins like this by itself is escaped too. */
const ESCAPED = "\\u!";

/** Any text in a form that Postgres can hold; equal texts have equal forms, and different ones different forms. */
export function storable(text: string): string {
  // JSON escapes exactly what is not storable (ECMAScript, JSON.stringify: well-formed).
  return text.startsWith(ESCAPED) || UNSTORABLE.test(text) ? ESCAPED + JSON.stringify(text) : text;
}

/** The text behind its stored form. */
export function fromStorable(stored: string): string {
  return stored.startsWith(ESCAPED) ? (JSON.parse(stored.slice(ESCAPED.length)) as string) : stored;
}

/** A letter's columns, in the order of the statement that stores it. */
export type LetterColumns = readonly [
  id: string,
  ts: string,
  reason: string,
  code: string | null,
  source: string,
  target: string,
  envelope: string,
  payload: string,
];

export function toColumns({ payload, ...envelope }: DeadLetter): LetterColumns {
  const { id, ts, reason, code, source, target } = envelope;
  return [
    storable(id),
    ts,
    reason,
    code === undefined ? null : storable(code),
    storable(source),
    storable(target),
    // Well-formed JSON escapes NUL and lone surrogates by itself.
    JSON.stringify(envelope),
    storable(payload),
  ];
}

/** A row as it is read. */
export interface LetterRow {
  readonly seq: string;
  readonly state: DeadLetterState;
  readonly envelope: string;
  readonly payload: string;
}

/** @throws SyntaxError for a row that was changed by hand into something else. */
export function fromRow({ state, envelope, payload }: LetterRow): StoredDeadLetter {
  const letter = { ...(JSON.parse(envelope) as Omit<DeadLetter, "payload">), payload: fromStorable(payload) };
  return { letter, state };
}
