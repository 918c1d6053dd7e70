import { expect, it } from "vitest";

import { startClickHouse18 } from "../../src/index.ts";

it("ClickHouse 18.16 serves, and keeps what an INSERT answered over kill9 and restart", async (context) => {
  const service = await startClickHouse18();
  if ("missing" in service) {
    context.skip(service.missing);
    return;
  }
  await using server = service;
  const { origin, username, password } = new URL(server.url);
  const ask = async (query: string): Promise<string> => {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const reply = await fetch(origin, { method: "POST", body: query, headers: { authorization } });
    return (await reply.text()).trim();
  };
  expect(await ask("SELECT version()")).toMatch(/^18\.16\./);
  await ask("CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id");
  await ask("INSERT INTO t VALUES (1), (2)");
  await server.kill9();
  await server.restart();
  expect(await ask("SELECT count() FROM t")).toBe("2");
  expect(await ask("SELEC")).toMatch(/^Code: 62, e\.displayText\(\)/);
});
