import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CampaignOptions } from "./campaign-options.ts";
import { embeddedStage, serverStage, type Stage, type StageEnd } from "./campaign-stage.ts";
import { Judge } from "./judge.ts";
import { type LedgerEvent, line, readLedgers } from "./ledger.ts";
import { faultsFor, unleash } from "./nemesis.ts";
import { packagesTree } from "./packages-tree.ts";
import { type FaultRecord, RecoveryMeter } from "./recovery.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SegmentReport } from "./segment-report.ts";
import { systemNamed } from "./systems/catalog.ts";
import type { QueueSystem } from "./systems/queue-system.ts";

export interface SegmentRun {
  readonly onFault: (record: FaultRecord) => void;
  /** A folder that gets a copy of the ledgers and of what the server has on disk, for a person to look at. */
  readonly keep?: string;
}

/** Runs producers and workers for real, hurts them by the seed, lets the queue drain, and judges the ledgers. */
export async function runSegment(
  options: CampaignOptions,
  { onFault, keep }: SegmentRun,
): Promise<SegmentReport> {
  const system = await systemNamed(options.system);
  const faults = faultsFor(system.kind, options.faults);
  const startedAt = new Date().toISOString();
  const tree = packagesTree();
  const directory = await mkdtemp(join(tmpdir(), "chimera-faults-"));
  try {
    await using stage =
      system.kind === "server"
        ? await serverStage(system, options, directory, faults)
        : await embeddedStage(system, options, directory);
    const { leaseMs, calmMs, durationMs } = options;
    const records = await unleash(
      { ...stage.surroundings, leaseMs, random: seededRandom(options.seed) },
      { faults, calmMs, durationMs, onFault },
    );
    const { drained, stuck, counters } = await stage.end();
    if (keep !== undefined) await stage.copyTo(keep);
    return {
      seed: options.seed,
      startedAt,
      ...(tree !== undefined && { packagesTree: tree }),
      ...(stage.server !== undefined && { server: stage.server }),
      faults: counted(records),
      timeline: records.map(({ fault, at, healedAt, victim }) =>
        [fault, at, healedAt, ...(victim === undefined ? [] : [victim])].join(" "),
      ),
      ...(await judged(system, options, stage, records, counters)),
      ...(counters !== undefined && { counters }),
      drained,
      stuck,
      crashed: stage.crashes,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function judged(
  system: QueueSystem,
  { leaseMs }: CampaignOptions,
  { ledgers, endedAt }: Stage,
  records: readonly FaultRecord[],
  counters: StageEnd["counters"],
): Promise<Pick<SegmentReport, "verdict" | "waitMs" | "recovery" | "evidence">> {
  const judge = new Judge({
    leaseMs,
    ...(counters !== undefined && { counters }),
    ...(system.kind === "server" && system.handedOutAt !== undefined && { handedOutAt: system.handedOutAt }),
    ...(system.kind === "embedded" && { endedAt }),
  });
  const recovery = new RecoveryMeter(records);
  for await (const event of readLedgers(ledgers)) {
    judge.add(event);
    recovery.add(event);
  }
  recovery.close();
  for await (const event of readLedgers(ledgers)) recovery.addAgain(event);
  const verdict = judge.verdict();
  const evidence = await evidenceOf(Object.values(verdict.examples).flat(), ledgers);
  return {
    verdict,
    ...(evidence.length > 0 && { evidence }),
    waitMs: judge.waitsMs(),
    recovery: Object.fromEntries(recovery.waits()),
  };
}

function counted(records: readonly FaultRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fault } of records) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}

/** Every line of the ledgers about jobs that must be explained, in the order of time. */
async function evidenceOf(ids: readonly string[], ledgers: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const asked = new Set(ids);
  const events: LedgerEvent[] = [];
  for await (const event of readLedgers(ledgers)) if (asked.has(event.id)) events.push(event);
  return events.toSorted((a, b) => a.at - b.at).map((event) => line(event).trimEnd());
}
