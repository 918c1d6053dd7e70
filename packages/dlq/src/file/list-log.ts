import type { StoredDeadLetter } from "../dead-letter-store.ts";
import type { DeadLetterMatcher } from "../filter.ts";
import { decodeLine } from "./line-codec.ts";
import { LineStates, Verdict } from "./line-states.ts";
import { endOfLine, windowsForward } from "./line-windows.ts";
import { walkBackward } from "./log-walk.ts";
import type { LogSnapshot } from "./segments.ts";

/**
 * The letters of a log that match, oldest append first.
 *
 * Reads the log twice: backwards for what became of each letter, two bits a line, then forwards. Envelopes are parsed,
 * payloads are cut out, and only of letters that match.
 */
export async function* listLog(
  snapshot: LogSnapshot,
  matches: DeadLetterMatcher,
  signal?: AbortSignal,
): AsyncGenerator<StoredDeadLetter, void, void> {
  const states = new LineStates();
  const ids = await walkBackward(snapshot, (verdict) => states.push(verdict), { signal });
  // What follows may take hours, when it is a replay.
  ids.release();
  for (const segment of snapshot.segments) {
    for await (const window of windowsForward(segment, signal)) {
      for (let start = 0; start < window.end;) {
        const end = endOfLine(window, start);
        const stored = end > start ? read(states.pop(), window.bytes, start, end, matches) : undefined;
        if (stored !== undefined) {
          signal?.throwIfAborted();
          yield stored;
        }
        start = end + 1;
      }
    }
  }
}

function read(
  verdict: number,
  bytes: Buffer,
  start: number,
  end: number,
  matches: DeadLetterMatcher,
): StoredDeadLetter | undefined {
  if (verdict !== Verdict.dead && verdict !== Verdict.replayed) return undefined;
  const state = verdict === Verdict.dead ? "dead" : "replayed";
  const line = decodeLine(bytes.subarray(start, end));
  if (line.kind !== "letter" || !matches(line.envelope, state)) return undefined;
  const payload = line.payload();
  return payload === undefined ? undefined : { letter: Object.assign(line.envelope, { payload }), state };
}
