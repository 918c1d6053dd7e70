import type { DeadLetter } from "@chimera/dlq";

/** Letters of one INSERT, and characters of them, whichever is reached first: a bound on one message to the server. */
const APPEND_LETTERS = 500;
const APPEND_CHARACTERS = 4_194_304;

/** Letters as they are sent, in their order: of those with one id the last counts, and stands where it was appended. */
export function* appendParts(letters: readonly DeadLetter[]): Generator<DeadLetter[]> {
  const last = new Map<string, DeadLetter>();
  for (const letter of letters) {
    last.delete(letter.id);
    last.set(letter.id, letter);
  }
  yield* parts([...last.values()]);
}

function* parts(letters: readonly DeadLetter[]): Generator<DeadLetter[]> {
  let part: DeadLetter[] = [];
  let characters = 0;
  for (const letter of letters) {
    part.push(letter);
    characters += letter.payload.length;
    if (part.length < APPEND_LETTERS && characters < APPEND_CHARACTERS) continue;
    yield part;
    part = [];
    characters = 0;
  }
  if (part.length > 0) yield part;
}
