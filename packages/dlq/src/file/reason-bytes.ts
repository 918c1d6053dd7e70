import { DEAD_LETTER_REASONS } from "../dead-letter.ts";

const WORD = 8;
const WORDS = 3;
const LETTER_U = 0x75;
/** Each reason as it stands in a line: its closing quote and a comma make the shortest eight bytes long. */
const TEXTS = DEAD_LETTER_REASONS.map((reason) => Buffer.from(`${reason}",`));
/** Where the words of a reason stand that cover all of its bytes, the last ones overlapping. */
const SECOND = Int32Array.from(TEXTS, ({ length }) => Math.min(WORD, length - WORD));
const LAST = Int32Array.from(TEXTS, ({ length }) => length - WORD);
const BYTES = Float64Array.from(
  TEXTS.flatMap((text, index) =>
    [0, SECOND[index] as number, LAST[index] as number].map((at) => text.readDoubleLE(at)),
  ),
);
/** The first letter tells four reasons; of the two with a `u` the third letter does, kept apart by its top bit. */
const BY_BYTE = new Int8Array(256).fill(-1);
for (const [index, text] of TEXTS.entries()) BY_BYTE[keyOf(text, 0)] = index;

/** Which reason stands at `at`, as its index in `DEAD_LETTER_REASONS`; -1 when none does, or it ends behind `end`. */
export function reasonAt(bytes: Buffer, view: DataView, at: number, end: number): number {
  if (at + WORD > end) return -1;
  const index = BY_BYTE[keyOf(bytes, at)] as number;
  if (index === -1) return -1;
  const last = at + (LAST[index] as number);
  if (last + WORD > end) return -1;
  const word = index * WORDS;
  return view.getFloat64(at, true) === BYTES[word] &&
    view.getFloat64(at + (SECOND[index] as number), true) === BYTES[word + 1] &&
    view.getFloat64(last, true) === BYTES[word + 2]
    ? index
    : -1;
}

function keyOf(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  return first === LETTER_U ? 0x80 | (bytes[at + 2] as number) : first;
}
