import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TcpProxy } from "@chimera/test-services";
import type { CampaignOptions } from "./campaign-options.ts";
import { Judge, type Verdict } from "./judge.ts";
import { readLedgers } from "./ledger.ts";
import { FAULTS, SURVIVABLE_FAULTS, unleash } from "./nemesis.ts";
import { ProcessGroup } from "./process-group.ts";
import { type FaultRecord, RecoveryMeter, type RecoveryTimes } from "./recovery.ts";
import { RedisServers } from "./redis-servers.ts";
import { seededRandom } from "./seeded-random.ts";
import { systemNamed } from "./systems/catalog.ts";
import { LEASE_MS, type QueueSystem } from "./systems/queue-system.ts";

const DRAIN_MS = 300_000;
const STOP_MS = 30_000;

/** What a campaign found. */
export interface CampaignReport {
  readonly system: string;
  readonly settings: QueueSystem["settings"];
  readonly options: CampaignOptions;
  readonly leaseMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly verdict: Verdict;
  /** Whether everything ended within five minutes after the last fault. */
  readonly drained: boolean;
  /** Processes that did not end within half a minute when asked to. */
  readonly stuck: number;
  /** Processes that ended by themselves. */
  readonly crashed: number;
  readonly workerRecoveryMs: RecoveryTimes;
  readonly serverRecoveryMs: RecoveryTimes;
}

/** Runs producers and workers against a real server, hurts them by the seed, lets the queue drain, and judges the ledgers. */
export async function runCampaign(
  options: CampaignOptions,
  onFault: (record: FaultRecord) => void,
): Promise<CampaignReport> {
  const system = await systemNamed(options.system);
  const { faults: chosen } = options;
  const faults =
    chosen === undefined ? SURVIVABLE_FAULTS : FAULTS.filter(({ name }) => chosen.includes(name));
  const directory = await mkdtemp(join(tmpdir(), "chimera-faults-"));
  await using servers = await RedisServers.start({
    replicated: faults.some(({ name }) => name === "fail-over"),
  });
  await using proxy = await TcpProxy.start(servers.primary.url);
  const { ratePerSecond, workMs } = options;
  const shared = { system: options.system, url: proxy.through(servers.primary.url), workMs };
  const producers = new ProcessGroup("producer", directory, {
    ...shared,
    ratePerSecond: Math.ceil(ratePerSecond / options.producers),
  });
  const workers = new ProcessGroup("worker", directory, { ...shared, ratePerSecond });
  try {
    for (let started = 0; started < options.workers; started++) workers.start();
    for (let started = 0; started < options.producers; started++) producers.start();
    const records = await unleash(
      {
        servers,
        proxy,
        workers,
        leaseMs: LEASE_MS,
        random: seededRandom(options.seed),
      },
      { faults, calmMs: options.calmMs, durationMs: options.durationMs, onFault },
    );
    const stuckProducers = await producers.stop(STOP_MS);
    const drained = await drain(system, servers.primary.url);
    const stuckWorkers = await workers.stop(STOP_MS);
    const ledgers = [...producers.ledgers, ...workers.ledgers];
    return {
      system: system.name,
      settings: system.settings,
      options,
      leaseMs: LEASE_MS,
      faults: counted(records),
      ...(await judged(ledgers, records)),
      drained,
      stuck: stuckProducers + stuckWorkers,
      crashed: producers.crashes + workers.crashes,
    };
  } finally {
    await Promise.all([producers.stop(0), workers.stop(0)]);
    await rm(directory, { recursive: true, force: true });
  }
}

async function judged(
  ledgers: readonly string[],
  records: readonly FaultRecord[],
): Promise<Pick<CampaignReport, "verdict" | "workerRecoveryMs" | "serverRecoveryMs">> {
  const judge = new Judge({ leaseMs: LEASE_MS });
  const recovery = new RecoveryMeter(records);
  for await (const event of readLedgers(ledgers)) {
    judge.add(event);
    recovery.add(event);
  }
  recovery.close();
  for await (const event of readLedgers(ledgers)) recovery.addAgain(event);
  return {
    verdict: judge.verdict(),
    workerRecoveryMs: recovery.workerRecovery(),
    serverRecoveryMs: recovery.serverRecovery(),
  };
}

async function drain(system: QueueSystem, url: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < DRAIN_MS; waitedMs += 500) {
    if ((await system.remaining(url)) === 0) return true;
    await delay(500);
  }
  return false;
}

function counted(records: readonly FaultRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fault } of records) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}
