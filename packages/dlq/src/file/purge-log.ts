import type { DeadLetterMatcher } from "../filter.ts";
import { IdState, type IdTable } from "./id-table.ts";
import { decodeLine } from "./line-codec.ts";
import { LineKind, LineReader } from "./line-reader.ts";
import { LineStates, Verdict } from "./line-states.ts";
import { endOfLine, windowsForward } from "./line-windows.ts";
import { walkBackward } from "./log-walk.ts";
import { SegmentRewrite } from "./segment-rewrite.ts";
import type { LogSnapshot, OpenSegment } from "./segments.ts";

/**
 * Rewrites the rotated files without the letters that match, and without what no longer counts: replaced and
 * withdrawn letters, and marks whose letters are gone. Lines that cannot be read stay. Answers how many matched.
 *
 * The file at `path` is only read; it must not hold letters that match, so rotate before. Oldest first: whatever a
 * crash leaves, no mark is gone before its letter and no letter before the ones it replaced, so nothing comes back.
 */
export async function purgeLog(
  snapshot: LogSnapshot,
  path: string,
  matches: DeadLetterMatcher,
  signal: AbortSignal,
): Promise<number> {
  // What replaces an older letter must be on disk before the older one goes.
  await Promise.all(snapshot.segments.map(async ({ handle }) => handle.datasync()));
  const states = new LineStates();
  let purged = 0;
  const ids = await walkBackward(
    snapshot,
    (verdict, _kind, reader, bytes, start, end) => {
      const isPurged =
        (verdict === Verdict.dead || verdict === Verdict.replayed) &&
        isMeant(verdict, reader, bytes.subarray(start, end), matches);
      states.push(isPurged ? Verdict.gone : verdict);
      if (isPurged) purged++;
      return isPurged;
    },
    signal,
  );
  for (const segment of snapshot.segments) {
    if (segment.path !== path) await rewrite(segment, states, ids, signal);
  }
  return purged;
}

function isMeant(verdict: number, reader: LineReader, line: Buffer, matches: DeadLetterMatcher): boolean {
  const decoded = reader.envelope === undefined ? decodeLine(line) : undefined;
  const envelope = decoded?.kind === "letter" ? decoded.envelope : reader.envelope;
  return envelope !== undefined && matches(envelope, verdict === Verdict.dead ? "dead" : "replayed");
}

async function rewrite(
  segment: OpenSegment,
  states: LineStates,
  ids: IdTable,
  signal: AbortSignal,
): Promise<void> {
  await using result = new SegmentRewrite(segment);
  const reader = new LineReader();
  for await (const window of windowsForward(segment, signal)) {
    reader.use(window.bytes);
    for (let start = 0; start < window.end;) {
      const end = endOfLine(window, start);
      const verdict = states.pop();
      const stays = verdict === Verdict.noLetter ? counts(reader, start, end, ids) : verdict !== Verdict.gone;
      await (stays ? result.keep(window.bytes, start, end) : result.drop(end - start + 1));
      start = end + 1;
    }
  }
  signal.throwIfAborted();
  await result.finish();
}

/** Whether a line that is no letter still says something. */
function counts(reader: LineReader, start: number, end: number, ids: IdTable): boolean {
  const kind = reader.read(start, end);
  if (kind === LineKind.blank) return false;
  if (kind === LineKind.unreadable || kind === LineKind.letter) return true;
  return ids.find(reader.idBytes, reader.idView, reader.idStart, reader.idEnd) === IdState.current;
}
