import { describe, expect, it } from "vitest";

import { ClickHouseAdapter, ClickHouseStorageError } from "../../src/index.ts";
import { tableName } from "../../src/table-name.ts";
import { resolveWriterOptions } from "../../src/writer/writer-options.ts";

async function issuesOf(call: () => Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await call().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    name: "ClickHouseStorageError",
    code: "CLICKHOUSE_INVALID",
    retryable: false,
  });
  return error instanceof ClickHouseStorageError ? error.issues : [];
}

describe("bad options are all named at once", () => {
  it("with name, range and what came", async () => {
    const options = { url: "http://h", requestTimeoutMs: 5, maxBadRows: -1, backoff: { factor: 0 } };
    expect(await issuesOf(async () => ClickHouseAdapter.open(options))).toEqual([
      "Expected `requestTimeoutMs` to be an integer from 100 to 3_600_000, got `5`",
      "Expected `maxBadRows` to be an integer from 0 to 10_000, got `-1`",
      "Expected `backoff.factor` to be a finite number >= 1, got `0`",
    ]);
  });

  it.each([[{}], [{ url: "http://a", urls: ["http://b"] }], [{ urls: [] }]])(
    "unless it is clear where to connect: %j",
    async (options) => {
      expect(await issuesOf(async () => ClickHouseAdapter.open(options))).toEqual([
        "Expected exactly one of `url`, `urls` (at least one) and `connection`",
      ]);
    },
  );

  it("for a writer", () => {
    expect(() =>
      resolveWriterOptions({ maxRows: 2_000_000, maxBytes: 2_048, maxBufferedBytes: 1_024 }),
    ).toThrow(
      /`maxRows` to be an integer from 1 to 1_000_000, got `2000000`.*`maxBufferedBytes` to be an integer >= 2_048/,
    );
  });

  it("for a writer that is not told where failed rows go", async () => {
    await using adapter = await ClickHouseAdapter.open({ url: "http://127.0.0.1:9" });
    expect(() => adapter?.writer("t")).toThrow(/`deadLetters` to be a DeadLetterStore, or null/);
  });
});

describe("the environment", () => {
  it("is reported variable by variable, and no value is shown", async () => {
    const environment = {
      CHIMERA_CLICKHOUSE_URL: "clickhouse://user:hunter2@host",
      CHIMERA_CLICKHOUSE_MAX_ROWS: "hunter2",
      CHIMERA_CLICKHOUSE_STRICT: "yes",
    };
    const issues = await issuesOf(async () => ClickHouseAdapter.fromEnv(environment));
    expect(issues).toEqual([
      "CHIMERA_CLICKHOUSE_URL: expected a URL like http://user:password@host:8123/database, or several with commas between them",
      "CHIMERA_CLICKHOUSE_STRICT: expected one of true, false",
      "CHIMERA_CLICKHOUSE_MAX_ROWS: expected an integer from 1 to 1000000",
    ]);
  });

  it("must say where to connect, unless the caller does", async () => {
    expect(await issuesOf(async () => ClickHouseAdapter.fromEnv({}))).toHaveLength(1);
    await using adapter = await ClickHouseAdapter.fromEnv({}, { url: "http://127.0.0.1:9" });
    expect(adapter).toBeInstanceOf(ClickHouseAdapter);
  });

  it("takes several URLs with commas between them", async () => {
    const environment = { CHIMERA_CLICKHOUSE_URL: "http://u:a%2Cb@one:8123/db,https://two:8443" };
    await using adapter = await ClickHouseAdapter.fromEnv(environment);
    expect(adapter?.metrics().servers.map(({ label }) => label)).toEqual(["one:8123", "two:8443"]);
  });
});

describe("a table's name", () => {
  it.each([
    ["quakes", "`quakes`"],
    ["db.quakes", "`db`.`quakes`"],
    ["odd name`; DROP", "`odd name\\`; DROP`"],
    ["back\\slash", "`back\\\\slash`"],
  ])("%s is quoted", (given, quoted) => {
    expect(tableName(given).quoted).toBe(quoted);
  });

  it.each(["", "a.", ".a", "a.b.c", "a\nb"])("%j is refused", (given) => {
    expect(() => tableName(given)).toThrow(expect.objectContaining({ code: "CLICKHOUSE_INVALID" }));
  });
});
