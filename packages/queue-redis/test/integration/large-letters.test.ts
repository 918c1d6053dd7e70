import { silentLogger } from "@chimera/dlq";
import { sampleLetter } from "@chimera/dlq/testing";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RedisConnection, RedisDeadLetterStore } from "../../src/index.ts";

const MIB = 1 << 20;

let server: TestService;
let connection: RedisConnection;
beforeAll(async () => {
  // The server ends a connection that a reply of more than this waits for.
  server = await startRedis({ config: [`client-output-buffer-limit normal ${4 * MIB} 0 0`] });
  connection = new RedisConnection({ url: server.url, logger: silentLogger });
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

/** Reads a store to its end. @returns ids and lengths of payloads, and the calls of scripts that it took. */
async function read(store: RedisDeadLetterStore): Promise<{ found: unknown[]; calls: number }> {
  const before = await scriptCalls();
  const found: unknown[] = [];
  for await (const { letter } of store.list()) found.push([letter.id, letter.payload.length]);
  return { found, calls: (await scriptCalls()) - before };
}

async function scriptCalls(): Promise<number> {
  const info = (await connection.commands.send("", ["INFO", "commandstats"])) as string;
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

test("letters of any size are read without ever holding more than a few of the largest at once", async () => {
  await using store = new RedisDeadLetterStore({ connection, name: "large" });
  const sizes = [...Array.from({ length: 30 }, () => MIB), 3 * MIB, 1, 1, 3 * MIB];
  const letters = sizes.map((size, index) =>
    sampleLetter({ id: `letter-${index}`, payload: "x".repeat(size) }),
  );
  await store.append(letters);
  const { found } = await read(store);
  expect(found).toEqual(letters.map(({ id, payload }) => [id, payload.length]));
});

test("small letters are read a hundred a call", async () => {
  await using store = new RedisDeadLetterStore({ connection, name: "small" });
  const letters = Array.from({ length: 250 }, (_, index) => sampleLetter({ id: `letter-${index}` }));
  await store.append(letters);
  await read(store);
  const { found, calls } = await read(store);
  expect(found).toHaveLength(250);
  // Three pages of envelopes, and their payloads.
  expect(calls).toBe(6);
});
