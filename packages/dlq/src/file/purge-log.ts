import type { DeadLetterMatcher } from "../filter.ts";
import { IdState, type IdTable } from "./id-table.ts";
import { decodeLine } from "./line-codec.ts";
import { LineFields, LineKind } from "./line-fields.ts";
import { LineReader } from "./line-reader.ts";
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
  // One reader for both passes: ids are known by its hash.
  const reader = new LineReader();
  const ids = await walkBackward(
    snapshot,
    (verdict, line, bytes) => {
      const isPurged =
        (verdict === Verdict.dead || verdict === Verdict.replayed) && isMeant(verdict, line, bytes, matches);
      states.push(isPurged ? Verdict.gone : verdict);
      if (isPurged) purged++;
      return isPurged;
    },
    { signal, reader },
  );
  for (const segment of snapshot.segments) {
    if (segment.path !== path) await rewrite(segment, states, { ids, reader }, signal);
  }
  return purged;
}

/** Ids by their hashes, and the reader that makes these hashes. */
interface KnownIds {
  readonly ids: IdTable;
  readonly reader: LineReader;
}

function isMeant(verdict: number, line: LineFields, bytes: Buffer, matches: DeadLetterMatcher): boolean {
  const decoded = line.envelope === undefined ? decodeLine(bytes.subarray(line.start, line.end)) : undefined;
  const envelope = decoded?.kind === "letter" ? decoded.envelope : line.envelope;
  return envelope !== undefined && matches(envelope, verdict === Verdict.dead ? "dead" : "replayed");
}

async function rewrite(
  segment: OpenSegment,
  states: LineStates,
  known: KnownIds,
  signal: AbortSignal,
): Promise<void> {
  await using result = new SegmentRewrite(segment);
  const line = new LineFields();
  for await (const window of windowsForward(segment, signal)) {
    known.reader.use(window.bytes);
    for (let start = 0; start < window.end; start = line.end + 1) {
      known.reader.read(start, endOfLine(window, start), line);
      const verdict = line.end === start ? Verdict.gone : states.pop();
      const stays = verdict === Verdict.noLetter ? counts(line, known.ids) : verdict !== Verdict.gone;
      await (stays ? result.keep(window.bytes, start, line.end) : result.drop(line.end - start + 1));
    }
  }
  signal.throwIfAborted();
  await result.finish();
}

/** Whether a line that is no letter still says something: one that cannot be read might, to a person. */
function counts({ kind, hashA, hashB }: LineFields, ids: IdTable): boolean {
  return (
    kind === LineKind.unreadable || (kind !== LineKind.blank && ids.find(hashA, hashB) === IdState.current)
  );
}
