import { afterAll, beforeAll, expect, it } from "vitest";

import { CLASSIFIED } from "../../src/failure-classes.ts";
import type { ClickHouseAdapter } from "../../src/index.ts";
import { open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
let adapter: ClickHouseAdapter;
beforeAll(async () => {
  adapter = await open({ url: server.url });
});
afterAll(async () => adapter.close());

it.each(Object.entries(CLASSIFIED))(
  "%s error numbers have the names that the server gives them",
  async (_kind, codes) => {
    const numbers = Object.keys(codes).join(",");
    const rows = await adapter.query<{ code: number; name: string }>(
      `SELECT arrayJoin([${numbers}]) AS code, errorCodeToName(code) AS name`,
    );
    expect(Object.fromEntries(rows.map(({ code, name }) => [code, name]))).toEqual(codes);
  },
);

it("no error number is of two classes", () => {
  const all = Object.values(CLASSIFIED).flatMap((codes) => Object.keys(codes));
  expect(new Set(all).size).toBe(all.length);
});
