import type { Verdict } from "./judge.ts";
import { FAULTS } from "./nemesis.ts";
import type { SegmentReport } from "./segment-report.ts";
import { Tally, type WaitTimes } from "./tally.ts";

/** The sum of a campaign's segments. */
export interface Total {
  readonly faults: number;
  readonly faultsByName: Readonly<Record<string, number>>;
  readonly verdict: Omit<Verdict, "examples">;
  readonly drained: boolean;
  readonly stuck: number;
  readonly crashed: number;
  /** The longest that an acknowledged job waited for its effect, outages and backlogs included. */
  readonly longestWaitMs: number;
  /** Of jobs left behind by a worker that was killed or stopped, by the fault, and of the queue after the others. */
  readonly recoveryMs: Readonly<Record<"workers" | "server", WaitTimes>>;
  readonly recoveryMsByFault: Readonly<Record<string, WaitTimes>>;
}

export function totalOf(segments: readonly SegmentReport[]): Total {
  const faultsByName: Record<string, number> = {};
  const recovery = new Map<string, Tally>();
  for (const segment of segments) {
    for (const [fault, count] of Object.entries(segment.faults)) {
      faultsByName[fault] = (faultsByName[fault] ?? 0) + count;
    }
    for (const [fault, tally] of Object.entries(segment.recovery)) {
      recovery.set(fault, (recovery.get(fault) ?? new Tally()).merge(asTally(tally)));
    }
  }
  const ofScope = (server: boolean): WaitTimes => {
    const all = new Tally();
    for (const { name, scope } of FAULTS) {
      if ((scope === "server") === server) all.merge(recovery.get(name) ?? new Tally());
    }
    return all.times();
  };
  return {
    faults: Object.values(faultsByName).reduce((sum, count) => sum + count, 0),
    faultsByName,
    verdict: summed(segments.map(({ verdict }) => verdict)),
    drained: segments.every(({ drained }) => drained),
    stuck: segments.reduce((sum, { stuck }) => sum + stuck, 0),
    crashed: segments.reduce((sum, { crashed }) => sum + crashed, 0),
    longestWaitMs: Math.max(0, ...segments.map(({ waitMs }) => waitMs.max)),
    recoveryMs: { workers: ofScope(false), server: ofScope(true) },
    recoveryMsByFault: Object.fromEntries([...recovery].map(([fault, tally]) => [fault, tally.times()])),
  };
}

/** Whether nothing happened that must not happen. */
export function sound({ verdict, drained, stuck, crashed }: Total): boolean {
  const { lost, deadLettered, unexpected, unexplained, staleAccepted } = verdict;
  return (
    drained && stuck + crashed === 0 && lost + deadLettered + unexpected + unexplained + staleAccepted === 0
  );
}

function summed(verdicts: readonly Verdict[]): Total["verdict"] {
  const sum = (name: keyof Total["verdict"]): number =>
    verdicts.reduce((total, verdict) => total + verdict[name], 0);
  return {
    attempted: sum("attempted"),
    acknowledged: sum("acknowledged"),
    ok: sum("ok"),
    deadLettered: sum("deadLettered"),
    lost: sum("lost"),
    unexpected: sum("unexpected"),
    recovered: sum("recovered"),
    duplicated: sum("duplicated"),
    unexplained: sum("unexplained"),
    staleRefused: sum("staleRefused"),
    staleAccepted: sum("staleAccepted"),
  };
}

/** A segment that was read from a file has plain counts. */
function asTally(tally: Tally | Readonly<Record<string, number>>): Tally {
  return tally instanceof Tally ? tally : new Tally(tally);
}
