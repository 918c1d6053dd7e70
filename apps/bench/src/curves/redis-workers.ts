import { setTimeout as delay } from "node:timers/promises";
import { RedisQueue } from "@chimera/queue-redis";
import { startRedis } from "@chimera/test-services";
import { Queue as BullQueue } from "bullmq";
import type { Curve, CurveSide } from "../curve.ts";
import { bullmq, ours } from "../redis/peers.ts";
import { fill } from "../redis/queue-peer.ts";
import { RedisAdmin } from "../redis/redis-sides.ts";
import { WorkerProcesses } from "../redis/worker-processes.ts";
import { ratePerSecond } from "../scenario.ts";

const JOBS = 60_000;
const NAME = "workers";

export const curve: Curve = {
  title: "jobs processed by worker processes of 50 handlers each, by their number",
  unit: "jobs/s",
  xLabel: "worker processes",
  xs: [1, 2, 4, 8],
  peers: ["bullmq"],
  async open() {
    const server = await startRedis();
    const admin = new RedisAdmin(server.url);
    const side = (name: string, peer: "ours" | "bullmq", left: () => Promise<number>): CurveSide => ({
      name,
      async rate(workers) {
        await admin.send("FLUSHALL");
        const producer = (peer === "ours" ? ours : bullmq)(server.url, NAME);
        await fill(producer, JOBS);
        const processes = await WorkerProcesses.start(workers, [peer, server.url, NAME]);
        const rate = await ratePerSecond(JOBS, async () => {
          processes.begin();
          while ((await left()) > 0) await delay(10);
        });
        const handled = await processes.end();
        await producer.close();
        if (handled !== JOBS) throw new Error(`${JOBS} jobs went in, ${handled} came out`);
        return rate;
      },
    });
    return {
      sides: [
        side("Chimera", "ours", async () => oursLeft(server.url)),
        side("BullMQ", "bullmq", async () => bullmqLeft(server.url)),
      ],
      async close() {
        admin.close();
        await server.stop();
      },
    };
  },
};

async function oursLeft(url: string): Promise<number> {
  await using queue = new RedisQueue(NAME, { url });
  const { depth, inFlight } = await queue.metrics();
  return depth + inFlight;
}

async function bullmqLeft(url: string): Promise<number> {
  const { hostname: host, port } = new URL(url);
  const queue = new BullQueue(NAME, { connection: { host, port: Number(port) } });
  try {
    return await queue.getJobCountByTypes("waiting", "active");
  } finally {
    await queue.close();
  }
}
