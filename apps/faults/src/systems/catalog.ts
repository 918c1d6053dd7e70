import type { QueueSystem } from "./queue-system.ts";

/** Loaded one at a time, so that a worker process holds only the queue it tests. */
const SYSTEMS: Readonly<Record<string, () => Promise<QueueSystem>>> = {
  "chimera-redis": async () => (await import("./chimera-redis.ts")).chimeraRedis,
  "chimera-local": async () => (await import("./chimera-local.ts")).chimeraLocal,
  bullmq: async () => (await import("./bullmq.ts")).bullmq,
  "bee-queue": async () => (await import("./bee-queue.ts")).beeQueue,
};

export const systemNames: readonly string[] = Object.keys(SYSTEMS);

/** @throws RangeError for a name that is not in {@link systemNames}. */
export async function systemNamed(name: string): Promise<QueueSystem> {
  const load = SYSTEMS[name];
  if (load === undefined) throw new RangeError(`no system \`${name}\`; there are ${systemNames.join(", ")}`);
  return load();
}
