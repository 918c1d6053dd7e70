import type { DeadLetterEnvelope } from "../dead-letter.ts";
import type { DeadLetterFilter, DeadLetterStats } from "../dead-letter-store.ts";
import { compileFilter, resolveFilter } from "../filter.ts";
import { StatsTally } from "../stats-tally.ts";
import { decodeLine } from "./line-codec.ts";
import { LineKind } from "./line-fields.ts";
import { Verdict } from "./line-states.ts";
import { walkBackward } from "./log-walk.ts";
import { RawTally } from "./raw-tally.ts";
import type { LogSnapshot } from "./segments.ts";

/**
 * Counts the letters of a log that match, in one pass.
 *
 * Filters by state, reason and time are judged on the bytes; a filter by id, code, source or target parses envelopes,
 * which takes about four times as long. The event loop gets a turn every few milliseconds (see `WindowReader`).
 */
export async function tallyLog(
  snapshot: LogSnapshot,
  filter: DeadLetterFilter = {},
  signal?: AbortSignal,
): Promise<DeadLetterStats> {
  const matches = compileFilter(filter);
  const resolved = resolveFilter(filter);
  const { ids, codes, source, target } = resolved;
  const readsBytes = [ids, codes, source, target].every((condition) => condition === undefined);
  const raw = new RawTally(resolved);
  const tally = new StatsTally();
  await walkBackward(
    snapshot,
    (verdict, line, bytes) => {
      if (line.kind === LineKind.unreadable) tally.addUnreadable();
      if (verdict !== Verdict.dead && verdict !== Verdict.replayed) return;
      const state = verdict === Verdict.dead ? "dead" : "replayed";
      if (readsBytes && line.route !== undefined) {
        raw.add(line, line.route, state);
        return;
      }
      const envelope = line.envelope ?? envelopeOf(bytes.subarray(line.start, line.end));
      if (envelope !== undefined && matches(envelope, state)) tally.add(envelope, line.end - line.start + 1);
    },
    { signal },
  );
  raw.addTo(tally);
  return tally.result();
}

function envelopeOf(line: Buffer): DeadLetterEnvelope | undefined {
  const decoded = decodeLine(line);
  return decoded.kind === "letter" ? decoded.envelope : undefined;
}
