import type { DeadLetterEnvelope } from "../dead-letter.ts";
import type { DeadLetterFilter, DeadLetterStats } from "../dead-letter-store.ts";
import { compileFilter } from "../filter.ts";
import { StatsTally } from "../stats-tally.ts";
import { decodeLine } from "./line-codec.ts";
import { LineKind } from "./line-reader.ts";
import { Verdict } from "./line-states.ts";
import { walkBackward } from "./log-walk.ts";
import type { LogSnapshot } from "./segments.ts";

/** Counts the letters of a log that match, in one pass. */
export async function tallyLog(
  snapshot: LogSnapshot,
  filter: DeadLetterFilter = {},
  signal?: AbortSignal,
): Promise<DeadLetterStats> {
  const matches = compileFilter(filter);
  const tally = new StatsTally();
  await walkBackward(
    snapshot,
    (verdict, kind, reader, bytes, start, end) => {
      if (kind === LineKind.unreadable) tally.addUnreadable();
      if (verdict !== Verdict.dead && verdict !== Verdict.replayed) return;
      const envelope = reader.envelope ?? envelopeOf(bytes.subarray(start, end));
      if (envelope === undefined) return;
      if (matches(envelope, verdict === Verdict.dead ? "dead" : "replayed"))
        tally.add(envelope, end - start + 1);
    },
    signal,
  );
  return tally.result();
}

function envelopeOf(line: Buffer): DeadLetterEnvelope | undefined {
  const decoded = decodeLine(line);
  return decoded.kind === "letter" ? decoded.envelope : undefined;
}
