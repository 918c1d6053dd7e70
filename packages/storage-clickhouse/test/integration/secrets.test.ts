import { MemoryDeadLetterStore } from "@chimera/dlq";
import type { LogFields, Logger } from "@chimera/dlq";
import { startClickHouse } from "@chimera/test-services";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { ClickHouseAdapter } from "../../src/index.ts";
import type { ClickHouseOptions } from "../../src/index.ts";
import { createEvents, open } from "../support/clickhouse.ts";

const PASSWORD = "s3cr3t p@ss/w:rd%é";
const ENCODED = encodeURIComponent(PASSWORD);
/** Every form in which it could be shown, and the part of it that survives any half-done masking. */
const FORMS = [PASSWORD, ENCODED, Buffer.from(`chimera:${PASSWORD}`).toString("base64"), "s3cr3t"];

const seen: string[] = [];
const note = (event: string, fields?: LogFields): void => void seen.push(event, show(fields));
const logger: Logger = { debug: note, info: note, warn: note, error: note };

/** Everything that anybody could print of a value. */
function show(value: unknown): string {
  const shown = [
    inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity }),
  ];
  shown.push(JSON.stringify(value) ?? "", String(value));
  if (value instanceof Error) shown.push(value.stack ?? "", show(value.cause));
  return shown.join("\n");
}

async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    (value) => value,
    (error: unknown) => error,
  );
}

/** The forms of the password that stand in a text. */
function secretsIn(text: string): string[] {
  return FORMS.filter((form) => text.includes(form));
}

let service: Awaited<ReturnType<typeof startClickHouse>>;
const deadLetters = new MemoryDeadLetterStore();
const quick: Partial<ClickHouseOptions> = {
  logger,
  deadLetters,
  requestTimeoutMs: 1_000,
  retryForMs: 50,
  holdForMs: 50,
  backoff: { baseDelayMs: 10, maxDelayMs: 10 },
};

beforeAll(async () => {
  service = await startClickHouse({ password: PASSWORD });
});
afterAll(async () => service.stop());

beforeEach(() => {
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      seen.push(String(chunk));
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  const printed = secretsIn(seen.join("\n"));
  if (printed.length > 0) throw new Error(`Logged or printed: ${printed.length} forms of the password`);
});

describe("the password appears nowhere:", () => {
  it("not in an adapter, a writer, health or metrics", async () => {
    await using adapter = await open({ ...quick, url: service.url });
    const table = await createEvents(adapter);
    const writer = adapter.writer(table);
    await writer.write({ id: 1 });
    expect(
      secretsIn(show(adapter) + show(writer) + show(await adapter.health()) + show(adapter.metrics())),
    ).toEqual([]);
    expect(secretsIn(show(adapter.replayTarget()) + show(ClickHouseAdapter))).toEqual([]);
  });

  it.each([
    ["a server that is down", () => `http://chimera:${ENCODED}@127.0.0.1:9`],
    ["a name that does not resolve", () => `http://chimera:${ENCODED}@nowhere.invalid:8123`],
    ["TLS on a port without it", () => service.url.replace("http:", "https:")],
    ["a user that the server does not know", () => service.url.replace("chimera:", "nobody:")],
    ["a path that the server does not know", () => `${service.url}/some/where`],
  ])("not in errors, logs and letters of %s", async (_name, url) => {
    await using adapter = await open({ ...quick, url: url() });
    const written = await failureOf(async () => adapter.insert("events", [{ id: 1 }]));
    await using strict = await open({ ...quick, url: url(), deadLetters: null });
    const failed = await failureOf(async () => strict.insert("events", [{ id: 1 }]));
    const asked = await failureOf(async () => strict.query("SELECT 1"));
    const ordered = await failureOf(async () => strict.command("SELECT 1"));
    expect(
      secretsIn([written, failed, asked, ordered, await strict.health(), strict].map(show).join("\n")),
    ).toEqual([]);
  });

  it("not in errors about a bad statement that names it", async () => {
    await using adapter = await open({ ...quick, url: service.url });
    const statement = `SELECT * FROM url('http://chimera:${ENCODED}@h/', 'a b c d') WHERE '${PASSWORD}' !! 1`;
    expect(secretsIn(show(await failureOf(async () => adapter.query(statement))))).toEqual([]);
  });

  it.each([
    `clickhouse://chimera:${ENCODED}@host:8123`,
    `http//chimera:${ENCODED}@host`,
    `http://chimera:${ENCODED}@host:99999`,
    `http://chimera:${ENCODED}@ho st`,
    `http://chimera:${ENCODED}@`,
    `http://chimera:s3cr3t%zz@host`,
    `http://chimera:${ENCODED}@host/db?password=s3cr3t`,
    `http://chimera:${ENCODED}@host/db#s3cr3t`,
    `chimera:${PASSWORD}@host`,
    PASSWORD,
    "",
  ])("not in the error about a malformed URL (%#)", async (url) => {
    const errors = [
      await failureOf(async () => ClickHouseAdapter.open({ logger, url })),
      await failureOf(async () => ClickHouseAdapter.open({ logger, urls: ["http://h", url] })),
      await failureOf(async () => ClickHouseAdapter.fromEnv({ CHIMERA_CLICKHOUSE_URL: url }, { logger })),
    ];
    for (const error of errors) expect(error).toMatchObject({ code: "CLICKHOUSE_INVALID" });
    expect(secretsIn(errors.map(show).join("\n"))).toEqual([]);
  });

  it("not in the dead letters", async () => {
    const letters: string[] = [];
    for await (const stored of deadLetters.list()) letters.push(show(stored));
    expect(letters.length).toBeGreaterThan(0);
    expect(secretsIn(letters.join("\n"))).toEqual([]);
  });
});
