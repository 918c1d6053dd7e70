import type { NewJob } from "@chimera/queue-core";
import { RedisBackend, RedisConnection } from "@chimera/queue-redis";
import { startRedis } from "@chimera/test-services";
import { RedisAdmin } from "../redis/redis-sides.ts";
import type { Scenario } from "../scenario.ts";

const BATCH = 100;
const BODY = "x".repeat(200);
const LEASE_MS = 100;

/** An entry of SLOWLOG: number, moment, microseconds, words. */
type SlowlogEntry = readonly [number, number, number, readonly string[]];

export const scenario: Scenario = {
  title:
    "the slowest script's p99 at batches of 100, with 100 due and 100 expired for the dequeue, against 1 ms",
  unit: "ms",
  better: "lower",
  referenceName: "1 ms",
  bar: 1,
  n: 300,
  quickN: 60,
  pairs: 3,
  warmups: 1,
  async open(n) {
    const server = await startRedis();
    const admin = new RedisAdmin(server.url);
    return {
      async ours() {
        await admin.send("FLUSHALL");
        await admin.send("CONFIG", "SET", "slowlog-max-len", "100000", "slowlog-log-slower-than", "0");
        await admin.send("SLOWLOG", "RESET");
        await turns(server.url, n);
        return Math.max(...(await p99ByScript(admin)).values());
      },
      reference: async () => 1,
      async close() {
        admin.close();
        await server.stop();
      },
    };
  },
};

/** Each turn meets 100 delayed jobs that are due, 100 leases that have ended, and 100 jobs that are ready. */
async function turns(url: string, count: number): Promise<void> {
  const connection = new RedisConnection({ url });
  const backend = new RedisBackend("scripts", connection);
  for (let turn = 0; turn < count; turn++) {
    await backend.enqueue(jobs(turn, "held", 0));
    await backend.dequeue({ max: BATCH, leaseMs: LEASE_MS });
    await backend.enqueue(jobs(turn, "due", LEASE_MS));
    await backend.enqueue(jobs(turn, "ready", 0));
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 5));
    for (;;) {
      const deliveries = await backend.dequeue({ max: BATCH, leaseMs: 10_000 });
      if (deliveries.length === 0) break;
      const receipts = deliveries.map(({ receipt }) => receipt);
      await backend.extend(receipts, 10_000);
      await backend.settle(receipts.map((receipt) => ({ receipt, outcome: "done", durationMs: 1 })));
    }
    await backend.metrics();
  }
  await backend.close();
  connection.close();
}

/** As a queue makes them: of ids that are new. */
function jobs(turn: number, kind: string, delayMs: number): NewJob[] {
  return Array.from({ length: BATCH }, (_, index) => ({
    id: `${kind}-${turn}-${index}`,
    body: BODY,
    fresh: true,
    delayMs,
  }));
}

async function p99ByScript(admin: RedisAdmin): Promise<ReadonlyMap<string, number>> {
  const entries = (await admin.send("SLOWLOG", "GET", "100000")) as readonly SlowlogEntry[];
  const times = new Map<string, number[]>();
  for (const [, , us, words] of entries) {
    if (words[0]?.toUpperCase() !== "EVALSHA") continue;
    const script = words[1] ?? "";
    times.set(script, [...(times.get(script) ?? []), us]);
  }
  return new Map(
    [...times].map(([script, all]) => {
      const sorted = all.toSorted((one, other) => one - other);
      return [script, (sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0) / 1_000];
    }),
  );
}
