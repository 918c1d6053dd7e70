import { TcpProxy } from "@chimera/test-services";
import { describe, expect, it } from "vitest";

import { countOf, createEvents, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const QUICK = { backoff: { baseDelayMs: 10, maxDelayMs: 50 }, breakerMaxOpenMs: 50, requestTimeoutMs: 500 };

describe("with several servers", () => {
  it("inserts go to each in turn", async () => {
    await using one = await TcpProxy.start(server.url);
    await using two = await TcpProxy.start(server.url);
    await using adapter = await open({ urls: [one.through(server.url), two.through(server.url)] });
    const table = await createEvents(adapter);
    for (let id = 0; id < 6; id++) await adapter.insert(table, [{ id }]);
    expect(one.connections).toBeGreaterThan(0);
    expect(two.connections).toBeGreaterThan(0);
    expect(await countOf(adapter, table)).toEqual({ rows: 6, ids: 6 });
  });

  it("one that is down is passed over, and health warns", async () => {
    await using adapter = await open({
      ...QUICK,
      urls: ["http://127.0.0.1:9", server.url],
      breakerFailures: 1,
    });
    const table = await createEvents(adapter);
    for (let id = 0; id < 20; id++) await adapter.insert(table, [{ id }]);
    expect(await countOf(adapter, table)).toEqual({ rows: 20, ids: 20 });
    expect(await adapter.health()).toMatchObject({
      status: "warn",
      servers: [{ label: "127.0.0.1:9", status: "fail" }, { status: "pass" }],
    });
  });

  it("a batch that one may have stored stays with it, since only it knows the token", async () => {
    await using one = await TcpProxy.start(server.url);
    await using two = await TcpProxy.start(server.url);
    await using adapter = await open({ ...QUICK, urls: [one.through(server.url), two.through(server.url)] });
    const table = await createEvents(adapter);
    await adapter.insert(table, [{ id: 0 }]);
    await adapter.insert(table, [{ id: 1 }]);
    const before = [one.connections, two.connections];
    one.rules.onReply = () => ({ cutAfterBytes: 0 });
    two.rules.onReply = () => ({ cutAfterBytes: 0 });
    const insert = adapter.insert(table, [{ id: 2 }]);
    while (adapter.metrics().insertsFailed.transient < 5)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const after = [one.connections, two.connections];
    delete one.rules.onReply;
    delete two.rules.onReply;
    await insert;
    expect(await countOf(adapter, table)).toEqual({ rows: 3, ids: 3 });
    const grown = after.filter((connections, index) => connections > (before[index] ?? 0) + 1);
    expect(grown).toHaveLength(1);
  });
});
