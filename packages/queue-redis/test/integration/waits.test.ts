import { randomUUID } from "node:crypto";
import { getEventListeners } from "node:events";
import { silentLogger } from "@chimera/dlq";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";

let server: TestService;
let connection: RedisConnection;
beforeAll(async () => {
  server = await startRedis();
  connection = new RedisConnection({ url: server.url, logger: silentLogger });
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

/** What a signal keeps of those that were made of it, as Node names it inside; a worker's signal outlives thousands of waits. */
function dependants(signal: AbortSignal): number {
  const held = Object.getOwnPropertySymbols(signal).filter(
    ({ description }) => description === "kDependantSignals",
  );
  return held.reduce((sum, symbol) => sum + (Reflect.get(signal, symbol) as Set<unknown>).size, 0);
}

test("a wait leaves nothing behind in the signal that could have ended it", async () => {
  await using backend = new RedisBackend(`waits-${randomUUID()}`, connection);
  const { signal } = new AbortController();
  for (let wait = 0; wait < 20; wait++) {
    const waiting = backend.dequeue({ max: 1, leaseMs: 5_000, waitMs: 5_000, signal });
    await backend.enqueue([{ id: `job-${wait}`, body: "" }]);
    expect(await waiting).toHaveLength(1);
  }
  expect(dependants(signal)).toBe(0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a wait ends at once with its signal, and with the backend", async () => {
  await using backend = new RedisBackend(`waits-${randomUUID()}`, connection);
  const stop = new AbortController();
  const wait = { max: 1, leaseMs: 5_000, waitMs: 60_000 };
  const [first, second, third] = [
    backend.dequeue({ ...wait, signal: stop.signal }),
    backend.dequeue({ ...wait, signal: stop.signal }),
    backend.dequeue(wait),
  ];
  stop.abort();
  expect(await Promise.all([first, second])).toEqual([[], []]);
  await backend.close();
  expect(await third).toEqual([]);
});
