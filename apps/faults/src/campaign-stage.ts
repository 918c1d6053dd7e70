import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TcpProxy } from "@chimera/test-services";
import type { CampaignOptions } from "./campaign-options.ts";
import { ProcessGroup } from "./process-group.ts";
import { command, RedisServers } from "./redis-servers.ts";
import type { Fault, Surroundings } from "./surroundings.ts";
import type { EmbeddedSystem, ServerSystem } from "./systems/queue-system.ts";

const DRAIN_MS = 300_000;
const STOP_MS = 30_000;

export interface StageEnd {
  readonly drained: boolean;
  readonly stuck: number;
  /** What a drained queue itself counted, where it does. */
  readonly counters?: { readonly stored: number; readonly ended: number };
}

/** Everything of a segment that runs, until it is ended. */
export interface Stage extends AsyncDisposable {
  readonly surroundings: Pick<Surroundings, "network" | "workers">;
  /** What the server calls itself, where there is one. */
  readonly server?: string;
  readonly ledgers: readonly string[];
  readonly endedAt: ReadonlyMap<string, number>;
  /** Processes that ended by themselves so far. */
  readonly crashes: number;
  /** No more jobs; what is there is worked off; every process ends. */
  end(): Promise<StageEnd>;
  /** Copies the ledgers, and what a server or the journals have on disk. */
  copyTo(folder: string): Promise<void>;
}

/** A Redis that is as durable as one server can be, a proxy before it, producers, and workers. */
export async function serverStage(
  system: ServerSystem,
  options: CampaignOptions,
  directory: string,
  faults: readonly Fault[],
): Promise<Stage> {
  const servers = await RedisServers.start({
    replicated: options.durability === "replicas" || faults.some(({ name }) => name === "fail-over"),
  });
  const proxy = await TcpProxy.start(servers.primary.url);
  const url = proxy.through(servers.primary.url);
  const ratePerSecond = Math.ceil(options.ratePerSecond / options.producers);
  const producers = new ProcessGroup("producer", directory, { ...options, ratePerSecond });
  const workers = new ProcessGroup("worker", directory, options);
  for (let started = 0; started < options.workers; started++) workers.start(url);
  for (let started = 0; started < options.producers; started++) producers.start(url);
  await Promise.all([...workers.running, ...producers.running].map(async ({ ready }) => ready));
  return {
    surroundings: { network: { servers, proxy }, workers },
    server: await versionOf(servers.primary.url),
    get ledgers() {
      return [...producers.ledgers, ...workers.ledgers];
    },
    endedAt: workers.endedAt,
    get crashes() {
      return producers.crashes + workers.crashes;
    },
    async end() {
      const stuckProducers = await producers.stop(STOP_MS);
      const drained = await drain(system, servers.primary.url);
      const stuck = stuckProducers + (await workers.stop(STOP_MS));
      const counters = drained ? await system.counters?.(servers.primary.url) : undefined;
      return { drained, stuck, ...(counters !== undefined && { counters }) };
    },
    async copyTo(folder) {
      const { dir = "" } = (await command(servers.primary.url, ["CONFIG", "GET", "dir"])) as { dir?: string };
      await cp(dir, join(folder, "server"), { recursive: true });
      await cp(directory, join(folder, "ledgers"), { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([producers.stop(0), workers.stop(0)]);
      await proxy.stop();
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** Processes that each enqueue and work on a journal of their own. */
export async function embeddedStage(
  system: EmbeddedSystem,
  options: CampaignOptions,
  directory: string,
): Promise<Stage> {
  const ratePerSecond = Math.ceil(options.ratePerSecond / options.workers);
  const group = new ProcessGroup("embedded", directory, { ...options, ratePerSecond });
  const journals = Array.from({ length: options.workers }, (_, index) => join(directory, `journal-${index}`));
  for (const journal of journals) {
    await mkdir(journal);
    group.start(journal);
  }
  await Promise.all(group.running.map(async ({ ready }) => ready));
  return {
    surroundings: { workers: group },
    get ledgers() {
      return group.ledgers;
    },
    endedAt: group.endedAt,
    get crashes() {
      return group.crashes;
    },
    async end() {
      // They work off what is there before they end.
      const stuck = await group.stop(DRAIN_MS);
      const left = await Promise.all(journals.map(async (journal) => system.remaining(journal)));
      return { drained: left.every((count) => count === 0), stuck };
    },
    copyTo: async (folder) => cp(directory, folder, { recursive: true }),
    async [Symbol.asyncDispose]() {
      await group.stop(0);
    },
  };
}

/** Resolves once no job is left, with false when some still are after five minutes. */
export async function drain(system: ServerSystem, url: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < DRAIN_MS; waitedMs += 500) {
    if ((await system.remaining(url)) === 0) return true;
    await delay(500);
  }
  return false;
}

/** What a server calls itself. */
export async function versionOf(url: string): Promise<string> {
  const info = String(await command(url, ["INFO", "server"]));
  const [, name = "", version = ""] = /^(redis|valkey)_version:(\S+)/m.exec(info) ?? [];
  return `${name} ${version}`;
}
