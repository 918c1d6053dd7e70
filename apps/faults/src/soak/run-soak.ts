import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { drain, versionOf } from "../campaign-stage.ts";
import { installedVersion } from "../installed-version.ts";
import { packagesTree } from "../packages-tree.ts";
import { RedisServers } from "../redis-servers.ts";
import { chimeraRedis } from "../systems/chimera-redis.ts";
import { ServerSampler } from "./server-samples.ts";
import { judgeDelivery } from "./soak-delivery.ts";
import type { SoakPlan } from "./soak-plan.ts";
import { COMPILED, type ProcessSource, SoakProcess } from "./soak-process.ts";
import { seriesOf, soakResult, type SoakResult } from "./soak-result.ts";

/** After its SIGTERM: what is under way ends, everything is closed, and a second shows what is left. */
const END_MS = 15_000;

/** Runs the load for as long as the plan says, drains, ends every process in order, and judges. */
export async function runSoak(plan: SoakPlan, source: ProcessSource = COMPILED): Promise<SoakResult> {
  const startedAt = new Date().toISOString();
  const tree = packagesTree();
  const directory = await mkdtemp(join(tmpdir(), "chimera-soak-"));
  await using servers = await RedisServers.start({ replicated: false });
  const { url } = servers.primary;
  const started: SoakProcess[] = [];
  const start = (role: "producer" | "worker", count: number): SoakProcess[] =>
    Array.from({ length: count }, (_, index) => {
      const ratePerSecond = plan.ratePerSecond / plan.producers;
      const { sampleEveryMs, workMs, keepLettersMs } = plan;
      const told = { name: `${role}-${index + 1}`, url, ratePerSecond, sampleEveryMs, workMs, keepLettersMs };
      const made = new SoakProcess(source, role, directory, told);
      started.push(made);
      return made;
    });
  try {
    const workers = start("worker", plan.workers);
    const producers = start("producer", plan.producers);
    await Promise.all(started.map(async (process) => process.ready()));
    using sampler = await ServerSampler.start(url, plan.sampleEveryMs);
    await delay(plan.minutes * 60_000);
    const samples = [...sampler.samples];
    const gone = started.filter((process) => process.gone).length;
    await Promise.all(producers.map(async (producer) => producer.end(END_MS)));
    const drained = await drain(chimeraRedis, url);
    const counters = (await chimeraRedis.counters?.(url)) ?? { stored: 0, ended: 0 };
    await Promise.all(workers.map(async (worker) => worker.end(END_MS)));
    const written = started.map((process) => ({ name: process.name, ...process.read() }));
    const processes = Object.fromEntries(written.map(({ name, samples: taken }) => [name, taken]));
    return soakResult(
      {
        plan,
        startedAt,
        version: installedVersion(chimeraRedis.packageName),
        ...(tree !== undefined && { packagesTree: tree }),
        server: await versionOf(url),
        machine: {
          node: process.versions.node,
          cpus: cpus().length,
          platform: `${process.platform} ${process.arch}`,
        },
        delivery: await judgeDelivery(
          started.map(({ ledger }) => ledger),
          counters,
        ),
        drained,
        gone,
        ends: written.map(({ name, end }) => Object.assign({ name }, end)),
        samples: { ...processes, Redis: samples },
      },
      seriesOf(processes, samples),
    );
  } finally {
    await Promise.all(started.map(async (process) => process.end(0)));
    await rm(directory, { recursive: true, force: true });
  }
}
