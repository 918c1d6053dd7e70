import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { silentLogger } from "@chimera/dlq";
import { startRedis, TcpProxy, type TestService } from "@chimera/test-services";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection, type RedisConnectionOptions } from "../../src/index.ts";

let server: TestService;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

function connect(options: RedisConnectionOptions = {}): RedisConnection {
  const connection = new RedisConnection({ logger: silentLogger, url: server.url, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

async function command(url: string, ...words: string[]): Promise<string> {
  const client = await createClient({ url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

test("a connection that takes longer to be made than a call may take is made all the same", async () => {
  await using proxy = await TcpProxy.start(server.url);
  const greeted = new Set<number>();
  proxy.rules.onReply = (_, connection) => {
    // The answer to the handshake alone is late.
    if (!greeted.has(connection)) {
      proxy.rules.latencyMs = 800;
      queueMicrotask(() => (proxy.rules.latencyMs = 0));
    }
    greeted.add(connection);
    return "forward";
  };
  const { commands } = connect({ url: `${proxy.through(server.url)}/1`, commandTimeoutMs: 500 });
  const answers: unknown[] = [];
  const ask = async (): Promise<boolean> => {
    commands.send("", ["PING"]).then(
      (answer) => answers.push(answer),
      () => {},
    );
    return answers.length > 0;
  };
  await expect.poll(ask, { timeout: 5_000, interval: 100 }).toBe(true);
  expect(greeted.size).toBe(1);
});

test("a process that stood still takes the replies that came meanwhile", async () => {
  const { commands } = connect({ commandTimeoutMs: 200 });
  await commands.send("", ["PING"]);
  const asked = commands.send("", ["PING"]);
  await turn();
  await turn();
  const until = performance.now() + 1_000;
  while (performance.now() < until);
  expect(await asked).toBe("PONG");
});

test("a server that has become a replica is left for the one that its name leads to now", async () => {
  await using next = await startRedis();
  await using first = await startRedis();
  await using proxy = await TcpProxy.start(first.url);
  const connection = connect({ url: proxy.through(first.url) });
  await using backend = new RedisBackend(`moved-${randomUUID()}`, connection);
  await backend.ping();
  const waiting = backend.dequeue({ max: 1, leaseMs: 5_000, waitMs: 20_000 });
  proxy.retarget(next.url);
  await command(first.url, "REPLICAOF", "127.0.0.1", new URL(next.url).port);
  expect(await backend.enqueue([{ id: "a", body: "" }])).toEqual([{ status: "enqueued", id: "a" }]);
  expect((await waiting).map(({ job }) => job.id)).toEqual(["a"]);
});
