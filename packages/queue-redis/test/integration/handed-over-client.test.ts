import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { Delivery } from "@chimera/queue-core";
import {
  startRedisCluster,
  startRedisReplication,
  TcpProxy,
  type RedisCluster,
  type RedisReplication,
} from "@chimera/test-services";
import { createClient, createCluster, createSentinel } from "redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";

let replication: RedisReplication;
let cluster: RedisCluster;
let url: string;
beforeAll(async () => {
  [replication, cluster] = await Promise.all([startRedisReplication(), startRedisCluster()]);
  url = replication.primary.url;
});
afterAll(async () => {
  await Promise.all([replication.stop(), cluster.stop()]);
});

function connect(options: ConstructorParameters<typeof RedisConnection>[0]): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** Ends every connection that waits in BLPOP, on whichever server; answers how many there were. */
async function killBlockedClients(): Promise<number> {
  const urls = [url, ...cluster.nodes.map((node) => node.url)];
  const killed = urls.map(async (each) => {
    const admin = await createClient({ url: each }).connect();
    const list = await admin.sendCommand<string>(["CLIENT", "LIST"]);
    const ids = [...list.matchAll(/^id=(\d+) .* cmd=blpop /gm)].map(([, id]) => id as string);
    for (const id of ids) await admin.sendCommand(["CLIENT", "KILL", "ID", id]);
    admin.destroy();
    return ids.length;
  });
  return (await Promise.all(killed)).reduce((sum, count) => sum + count, 0);
}

describe.each([
  ["a client", () => createClient({ url, disableOfflineQueue: true })],
  ["a cluster", () => createCluster({ rootNodes: cluster.addresses.map((socket) => ({ socket })) })],
  ["a sentinel", () => createSentinel({ name: "primary", sentinelRootNodes: [...replication.sentinels] })],
] as const)("%s that the user hands over", (_, create) => {
  test("says how to reach Redis, whether it is connected or not, and stays the user's", async () => {
    const client = create();
    client.on("error", () => {});
    const connection = connect({ client });
    await using backend = new RedisBackend(`handed-over-${randomUUID()}`, connection);
    const [[held]] = await Promise.all([
      backend.dequeue({ max: 1, leaseMs: 5_000, waitMs: 20_000 }) as Promise<[Delivery]>,
      backend.enqueue([{ id: "a", body: "x" }]),
    ]);
    expect(await backend.settle([{ receipt: held.receipt, outcome: "done" }])).toEqual(["ok"]);
    expect(client.isOpen).toBe(false);
    await client.connect();
    await backend.ping();
    await backend.close();
    connection.close();
    expect(client.isOpen).toBe(true);
    expect(client.listenerCount("error")).toBe(1);
    await client.destroy();
  });

  test("sends nothing again whose reply was lost", async () => {
    const client = create();
    client.on("error", () => {});
    onTestFinished(() => void client.destroy());
    await client.connect();
    const { commands } = connect({ client, commandTimeoutMs: 20_000 });
    const key = `{cut}-${randomUUID()}`;
    await commands.send(key, ["DEL", key]);
    const cut = commands.send(key, ["BLPOP", key, "5"]).catch((error: unknown) => error);
    await expect.poll(killBlockedClients, { timeout: 5_000 }).toBe(1);
    expect(await cut).toBeInstanceOf(Error);
  });
});

test("a server that hangs keeps no call of a client that was handed over, and leaves it as it was", async () => {
  await using proxy = await TcpProxy.start(url);
  const client = createClient({ url: proxy.through(url) });
  client.on("error", () => {});
  onTestFinished(() => client.destroy());
  await client.connect();
  const connection = connect({ client, commandTimeoutMs: 300 });
  await using backend = new RedisBackend(`hung-${randomUUID()}`, connection);
  await backend.ping();
  proxy.silence();
  await expect(backend.ping()).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  expect(client.listenerCount("error")).toBe(1);
  proxy.restore();
  await expect
    .poll(
      async () =>
        backend.ping().then(
          () => "answers",
          () => "fails",
        ),
      { timeout: 10_000 },
    )
    .toBe("answers");
});
