import { LETTER_START } from "./line-codec.ts";
import type { OpenSegment } from "./segments.ts";

const SAMPLES = 8;
const SAMPLE_BYTES = 65_536;
/** A table that is a little too large costs less than one that has to grow. */
const MARGIN = 1.03;
const LINE_OF_LETTER = Buffer.from(`\n${LETTER_START}`);

/** About how many letters stand in a log, from samples all over it: marks, which are short, must not count for letters. */
export async function estimateLetters(segments: readonly OpenSegment[]): Promise<number> {
  const sample = Buffer.allocUnsafe(SAMPLE_BYTES);
  let estimate = 0;
  for (const { handle, size } of segments) {
    let letters = 0;
    let sampled = 0;
    const step = Math.max(SAMPLE_BYTES, Math.floor(size / SAMPLES));
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(sample, 0, SAMPLE_BYTES, at);
      letters += count(sample.subarray(0, bytesRead));
      sampled += bytesRead;
    }
    estimate += sampled === 0 ? 0 : (letters / sampled) * size;
  }
  return Math.ceil(estimate * MARGIN);
}

function count(bytes: Buffer): number {
  let letters = 1;
  for (let at = bytes.indexOf(LINE_OF_LETTER); at !== -1; at = bytes.indexOf(LINE_OF_LETTER, at + 1))
    letters++;
  return letters;
}
