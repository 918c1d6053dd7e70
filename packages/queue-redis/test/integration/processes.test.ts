import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "@chimera/dlq";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";
import { LEASE_MS } from "../support/effects.ts";
import { produceDuring } from "../support/producer.ts";
import { WorkerProcesses } from "../support/worker-processes.ts";

const PATIENCE = { timeout: 60_000, interval: 50 };
const HOUR_MS = 3_600_000;
/** Shorter than the defaults, so that a network can be silent for longer than all of them within seconds. */
const TIMEOUT_MS = 1_000;

let server: TestService;
let connection: RedisConnection;
beforeAll(async () => {
  server = await startRedis({ config: ["appendonly yes", "appendfsync always"] });
  connection = new RedisConnection({
    url: server.url,
    logger: silentLogger,
    commandTimeoutMs: TIMEOUT_MS,
  });
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

/** A queue, seen from here, and worker processes on it. */
function surroundings(url = server.url): { backend: RedisBackend; workers: WorkerProcesses } {
  const queue = `processes-${randomUUID()}`;
  const backend = new RedisBackend(queue, connection);
  const workers = new WorkerProcesses({
    queue,
    environment: {
      CHIMERA_REDIS_URL: url,
      CHIMERA_REDIS_COMMAND_TIMEOUT_MS: String(TIMEOUT_MS),
      CHIMERA_REDIS_CONNECT_TIMEOUT_MS: String(TIMEOUT_MS),
    },
  });
  onTestFinished(async () => {
    await workers[Symbol.asyncDispose]();
    await backend.close();
  });
  return { backend, workers };
}

/** Waits until nothing is left in the queue, and holds what was noted against what was acknowledged. */
async function expectExact(
  { backend, workers }: { backend: RedisBackend; workers: WorkerProcesses },
  acknowledged: ReadonlySet<string>,
  kind: string,
): Promise<void> {
  await vi.waitFor(async () => {
    expect(await backend.metrics()).toMatchObject({ depth: 0, delayed: 0, inFlight: 0 });
  }, PATIENCE);
  const { effects } = workers;
  expect(acknowledged.size).toBeGreaterThan(0);
  expect(effects.lost(acknowledged)).toEqual([]);
  expect(effects.unexplained).toEqual([]);
  const { enqueued, processed } = await backend.metrics();
  expect(processed).toBe(enqueued);
  console.log(
    `${kind}: ${acknowledged.size} acknowledged, 0 lost, ${effects.doubled} doubled, 0 unexplained`,
  );
}

describe("worker processes", { timeout: 180_000 }, () => {
  test("killed with SIGKILL again and again lose nothing", async () => {
    const { backend, workers } = surroundings();
    let victim = await workers.start();
    const { acknowledged } = await produceDuring(backend, async () => {
      for (let kills = 0; kills < 5; kills++) {
        const next = workers.start();
        await workers.killAtWork(victim);
        victim = await next;
      }
    });
    await expectExact({ backend, workers }, acknowledged, "5 x kill -9 of a worker");
    expect((await backend.metrics()).reclaimed).toBeGreaterThan(0);
  });

  test("stopped past their leases and woken change nothing that others have done since", async () => {
    const { backend, workers } = surroundings();
    const [sleeper] = await Promise.all([workers.start(), workers.start()]);
    const { acknowledged } = await produceDuring(backend, async () => {
      for (let stops = 0; stops < 2; stops++) {
        await workers.stopAtWork(sleeper);
        await delay(LEASE_MS + 700);
        sleeper.child.kill("SIGCONT");
      }
      await delay(300);
    });
    await expectExact({ backend, workers }, acknowledged, "2 x SIGSTOP past the lease");
    expect((await backend.metrics()).reclaimed).toBeGreaterThan(0);
  });

  test("whose clocks are an hour off in both directions keep leases and delays", async () => {
    const { backend, workers } = surroundings();
    const [fast, slow] = await Promise.all([
      workers.start({ clockOffsetMs: HOUR_MS }),
      workers.start({ clockOffsetMs: -HOUR_MS }),
    ]);
    const delayMs = 500;
    const begunAt = Date.now();
    const produced = await produceDuring(
      backend,
      async () => {
        await delay(1_000);
        await workers.killAtWork(fast);
        await delay(LEASE_MS);
      },
      { delayMs },
    );
    await expectExact({ backend, workers }, produced.acknowledged, "clocks an hour off");
    expect(slow.child.exitCode).toBeNull();
    const starts = [...workers.effects.attempts.values()].flat().map(({ startedAt }) => startedAt);
    expect(Math.min(...starts) - begunAt).toBeGreaterThanOrEqual(delayMs);
  });

  test("go on by themselves after Redis was killed and restarted", async () => {
    const { backend, workers } = surroundings();
    const worker = await workers.start();
    const { acknowledged } = await produceDuring(backend, async () => {
      for (let kills = 0; kills < 3; kills++) {
        await delay(500);
        await server.kill9();
        await delay(200 * kills);
        await server.restart();
      }
      await delay(500);
    });
    await expectExact({ backend, workers }, acknowledged, "3 x kill -9 of Redis, appendfsync always");
    expect(worker.child.exitCode).toBeNull();
  });

  test("send their scripts again when the server forgets them", async () => {
    const { backend, workers } = surroundings();
    await workers.start();
    const { acknowledged } = await produceDuring(backend, async () => {
      for (let flushes = 0; flushes < 20; flushes++) {
        await delay(50);
        await connection.commands.send("", ["SCRIPT", "FLUSH"]);
      }
    });
    await expectExact({ backend, workers }, acknowledged, "20 x SCRIPT FLUSH");
    expect(workers.effects.doubled).toBe(0);
  });

  test("work again by themselves after a network that was silent for longer than every time-out, and told so", async () => {
    await using proxy = await TcpProxy.start(server.url);
    const { backend, workers } = surroundings(proxy.through(server.url));
    await workers.start();
    const now = (): number => Math.round(performance.timeOrigin + performance.now());
    let [silentAt, restoredAt] = [0, 0];
    const { acknowledged } = await produceDuring(backend, async () => {
      await delay(500);
      proxy.silence();
      silentAt = now();
      // Longer than connecting, a command, a blocking call with its watchdog, and a lease.
      await delay(4_000);
      restoredAt = now();
      proxy.restore();
      await delay(500);
    });
    await expectExact({ backend, workers }, acknowledged, "a silent network");
    await vi.waitFor(() => expect(workers.effects.readiness.at(-1)?.ready).toBe(true), PATIENCE);
    const told = workers.effects.readiness.filter(({ at }) => at > silentAt + 1_000 && at < restoredAt);
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter(({ ready }) => ready)).toEqual([]);
  });

  test("drain a server that is at its maxmemory", async () => {
    await using full = await startRedis();
    using own = new RedisConnection({ url: full.url, logger: silentLogger });
    await using backend = new RedisBackend("full", own);
    await using workers = new WorkerProcesses({
      queue: "full",
      environment: { CHIMERA_REDIS_URL: full.url },
      workMs: 1,
    });
    const body = JSON.stringify("x".repeat(10_000));
    await own.commands.send("", ["CONFIG", "SET", "maxmemory", "6mb"]);
    const acknowledged = new Set<string>();
    const refused: unknown[] = [];
    while (refused.length === 0) {
      const jobs = Array.from({ length: 20 }, () => ({ id: randomUUID(), body }));
      for (const result of await backend.enqueue(jobs)) {
        if (result.status === "enqueued") acknowledged.add(result.id);
        else refused.push(result);
      }
    }
    const whole = { status: "unknown", error: expect.objectContaining({ code: "BACKEND_FULL" }) as unknown };
    expect(refused).toEqual(Array.from({ length: 20 }, () => whole));
    expect((await backend.metrics()).depth).toBe(acknowledged.size);
    await workers.start();
    await expectExact({ backend, workers }, acknowledged, "a full Redis");
    expect(workers.effects.doubled).toBe(0);
    // Nobody gave it more memory.
    expect(await backend.enqueue([{ id: "after", body }])).toEqual([{ status: "enqueued", id: "after" }]);
  });
});
