import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";
import type { Delivery } from "@chimera/queue-core";
import { startRedis, startRedisCluster } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  RedisBackend,
  RedisConnection,
  RedisDeadLetterStore,
  type RedisConnectionOptions,
} from "../../src/index.ts";

/** The rules of the README's lines that begin so, with a password that has to be encoded in a URL. */
function rulesOf(user: string): string[] {
  return readFileSync(new URL("../../README.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`ACL SETUSER ${user} `))
    .flatMap((line) => line.split(" ").slice(3))
    .filter((rule) => rule !== "+waitaof")
    .map((rule) => (rule === ">password" ? ">pässwörd" : rule));
}

function commandsOf(rules: readonly string[]): string[] {
  return rules.filter((rule) => rule.startsWith("+")).map((rule) => rule.slice(1));
}

const ACCESS = { username: "queue", password: "pässwörd" };

describe.for([
  ["one Redis", oneServer],
  ["a cluster of three nodes", threeNodes],
] as const)("on %s an ACL user with no more than the README's commands", ([, start]) => {
  let started: Started;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(async () => started.stop());

  function connect(options: RedisConnectionOptions = {}): RedisConnection {
    const connection = new RedisConnection({ ...started.options, ...options, logger: silentLogger });
    onTestFinished(() => connection.close());
    return connection;
  }

  test.for([1, 3])("has a whole queue over %i partitions", async (partitions) => {
    const connection = connect(ACCESS);
    await using backend = new RedisBackend(`acl-${randomUUID()}`, connection, { partitions, maxDepth: 9 });
    const waiting = backend.dequeue({ max: 1, leaseMs: 1_000, waitMs: 5_000 });
    await backend.enqueue([{ id: "a", body: "x", dedupKey: "k", expiresInMs: 60_000 }]);
    const [held] = (await waiting) as [Delivery];
    expect(held.job.id).toBe("a");
    const { receipt } = held;
    expect(await backend.extend([receipt], 1_000)).toEqual(["ok"]);
    expect(await backend.settle([{ receipt, outcome: "retry", delayMs: 60_000, error: "no" }])).toEqual([
      "ok",
    ]);
    expect(await backend.admin.runNow("a")).toBe(true);
    expect((await backend.admin.browse({ state: "ready" })).jobs).toHaveLength(1);
    await backend.admin.pause();
    await backend.admin.resume();
    expect(await backend.admin.clear()).toBe(1);
    expect(await backend.metrics()).toMatchObject({ cancelled: 1, retried: 1, depth: 0, inFlight: 0 });
    await backend.ping();
    expect(backend.health().preflight?.evictionPolicy).toBe("noeviction");
  });

  test("has what comes with time: leases that end apart, dedup keys that end, latencies, tombstones, waits that are ended", async () => {
    const connection = connect(ACCESS);
    await using backend = new RedisBackend(`acl-${randomUUID()}`, connection);
    await backend.enqueue([
      ...["a", "b", "c", "d"].map((id) => ({ id, body: "" })),
      { id: "dedup", body: "", dedupKey: "k", dedupTtlMs: 100, priority: "low" },
      { id: "late", body: "", delayMs: 50 },
      { id: "whole", body: "", fresh: true },
    ]);
    const held = await backend.dequeue({ max: 2, leaseMs: 100 });
    await backend.extend(
      held.slice(0, 1).map(({ receipt }) => receipt),
      150,
    );
    expect(await backend.admin.cancel(["c", "whole"])).toEqual([true, true]);
    await delay(200);
    const again = await backend.dequeue({ max: 10, leaseMs: 5_000 });
    expect(again.map(({ job }) => job.id).toSorted()).toEqual(["a", "b", "d", "dedup", "late"]);
    const [first, ...others] = again as [Delivery, ...Delivery[]];
    await backend.settle([{ receipt: first.receipt, outcome: "release" }]);
    await backend.settleAndDequeue(
      others.map(({ receipt }) => ({ receipt, outcome: "done", durationMs: 1 })),
      { max: 1, leaseMs: 5_000 },
    );
    expect((await backend.admin.browse({ state: "in-flight" })).jobs).toHaveLength(1);
    expect(await backend.metrics()).toMatchObject({ processed: 4, reclaimed: 2, inFlight: 1 });
    const ended = AbortSignal.timeout(50);
    expect(await backend.dequeue({ max: 1, leaseMs: 1_000, waitMs: 5_000, signal: ended })).toEqual([]);
  });

  test("has enqueues that wait for a replica, also where there is none", async () => {
    const options = { durability: { replicas: 1 }, confirmTimeoutMs: 50 };
    await using backend = new RedisBackend(`acl-${randomUUID()}`, connect(ACCESS), options);
    const [result] = await backend.enqueue([{ id: "a", body: "" }]);
    expect(String((result as { error: unknown }).error)).toContain("stored, not confirmed: 0 of 1");
  });

  test("has dead letters", async () => {
    const store = new RedisDeadLetterStore({ connection: connect(ACCESS) });
    const letter = sampleLetter();
    await store.append([letter]);
    await store.ping();
    const found = [];
    for await (const { letter: each, state } of store.list()) found.push([each.id, state]);
    expect(found).toEqual([[letter.id, "dead"]]);
    expect((await store.stats()).count).toBe(1);
    expect(await store.purge({})).toBe(1);
    await store.markReplayed([letter]);
    await store.withdraw([letter.id]);
    await store.close();
  });

  test("is asked for no command that these tests did not need", async () => {
    const used = new Set<string>();
    for (const reply of await started.ask("INFO", "commandstats")) {
      for (const [, name = ""] of reply.matchAll(/cmdstat_([^:]+):/g)) used.add(name);
    }
    // The first two are for a cluster, `asking` while a slot moves.
    const elsewhere = new Set(["cluster|slots", "asking"]);
    expect(commandsOf(started.rules).filter((name) => !elsewhere.has(name) && !used.has(name))).toEqual([]);
  });

  test("with a wrong password is said without being shown", async () => {
    const connection = connect({ username: "queue", password: "s3cret-word", commandTimeoutMs: 500 });
    await using backend = new RedisBackend("acl", connection);
    const error: unknown = await backend.ping().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
    expect(JSON.stringify([error, String(error), connection])).not.toContain("s3cret-word");
  });
});

test("every command of the README's line is one of Redis 6.2", async () => {
  await using server = await startRedis();
  using connection = new RedisConnection({ url: server.url, logger: silentLogger });
  const names = commandsOf(rulesOf("queue"));
  const docs = (await connection.commands.send("", ["COMMAND", "DOCS", ...names])) as (string | string[])[];
  const newer = names.filter((name) => {
    const doc = docs[docs.indexOf(name) + 1] ?? [];
    const [major = 99, minor = 0] = (doc[doc.indexOf("since") + 1] ?? "").split(".").map(Number);
    return major * 100 + minor > 602;
  });
  expect(newer).toEqual([]);
});

interface Started {
  readonly options: RedisConnectionOptions;
  readonly rules: readonly string[];
  /** Sends a command to every node, as its default user. */
  ask(...words: string[]): Promise<string[]>;
  stop(): Promise<void>;
}

async function oneServer(): Promise<Started> {
  const server = await startRedis();
  const admin = new RedisConnection({ url: server.url, logger: silentLogger });
  const rules = rulesOf("queue");
  const ask = async (...words: string[]): Promise<string[]> => [
    JSON.stringify(await admin.commands.send("", words)),
  ];
  await ask("ACL", "SETUSER", "queue", ...rules);
  const stop = async (): Promise<void> => {
    admin.close();
    await server.stop();
  };
  return { options: { url: server.url }, rules, ask, stop };
}

async function threeNodes(): Promise<Started> {
  const cluster = await startRedisCluster();
  const rules = rulesOf("queue");
  const ask = async (...words: string[]): Promise<string[]> =>
    Promise.all(cluster.nodes.map(async (_, node) => cluster.command(node, ...words)));
  await ask("ACL", "SETUSER", "queue", ...rules);
  return {
    options: { cluster: { nodes: cluster.addresses } },
    rules,
    ask,
    stop: async () => cluster.stop(),
  };
}
