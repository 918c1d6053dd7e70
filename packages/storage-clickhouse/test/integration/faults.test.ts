import { TcpProxy } from "@chimera/test-services";
import { afterAll, describe, expect, it } from "vitest";

import { startModern, startOld } from "../support/engines.ts";
import type { Engine } from "../support/engines.ts";
import { Load } from "../support/load.ts";

const old = await startOld();
if ("missing" in old) console.warn(`Skipped on ClickHouse 18.16: ${old.missing}`);
const modern = await startModern();
const engines: Engine[] = "missing" in old ? [modern] : [modern, old];

/** Quick to give up on a connection and to try again, so that a test sees many failures. */
const QUICK = {
  requestTimeoutMs: 1_000,
  backoff: { baseDelayMs: 20, maxDelayMs: 200 },
  breakerMaxOpenMs: 200,
};

afterAll(async () => {
  for (const { service } of engines) await service.stop();
});

describe.each(engines)(
  "no row is lost, nor doubled where tokens are known, on ClickHouse $name by",
  (engine) => {
    /** What is doubled at most: nothing where the server recognises repeats. */
    const nothingLost = { lost: 0, failed: 0, deadLettered: 0, ...(engine.knowsTokens && { doubled: 0 }) };

    it("a server that is killed again and again", async () => {
      const load = await Load.start(engine, { adapter: QUICK });
      for (let kills = 0; kills < 3; kills++) {
        await load.storedMore(300);
        await engine.service.kill9();
        await engine.service.restart();
      }
      await load.storedMore(300);
      expect(await load.stop()).toMatchObject(nothingLost);
    });

    it("a tenth of all replies lost", async () => {
      await using proxy = await TcpProxy.start(engine.service.url);
      let replies = 0;
      proxy.rules.onReply = () => (++replies % 10 === 0 ? { cutAfterBytes: 0 } : "forward");
      const load = await Load.start(engine, { url: proxy.through(engine.service.url), adapter: QUICK });
      await load.storedMore(3_000);
      expect(await load.stop()).toMatchObject(nothingLost);
      expect(load.adapter.metrics().insertsFailed.transient).toBeGreaterThan(0);
    });

    it("replies swallowed by the network, until the time-out", async () => {
      await using proxy = await TcpProxy.start(engine.service.url);
      let replies = 0;
      proxy.rules.onReply = () => (++replies % 10 === 0 ? "drop" : "forward");
      const options = { ...QUICK, requestTimeoutMs: 200 };
      const load = await Load.start(engine, { url: proxy.through(engine.service.url), adapter: options });
      await load.storedMore(1_500);
      expect(await load.stop()).toMatchObject(nothingLost);
    });

    it("a server that is down for a while: writers are held back", async () => {
      const load = await Load.start(engine, { adapter: QUICK });
      await load.storedMore(100);
      await engine.service.kill9();
      await breakerOpens(load);
      const { written } = load;
      expect(await load.adapter.health({ deadlineMs: 300 })).toMatchObject({ status: "fail" });
      expect(load.written).toBe(written);
      await engine.service.restart();
      await load.storedMore(300);
      expect(await load.stop()).toMatchObject(nothingLost);
    });

    it("a server slower than the time-out", async () => {
      await using proxy = await TcpProxy.start(engine.service.url);
      const options = { ...QUICK, requestTimeoutMs: 150 };
      const load = await Load.start(engine, { url: proxy.through(engine.service.url), adapter: options });
      await load.storedMore(200);
      proxy.rules.latencyMs = 120;
      const { transient } = load.adapter.metrics().insertsFailed;
      while (load.adapter.metrics().insertsFailed.transient < transient + 3) await turn();
      proxy.rules.latencyMs = 0;
      await load.storedMore(200);
      expect(await load.stop()).toMatchObject(nothingLost);
    });

    it("a table that is missing is waited for, with an alarm", async () => {
      const load = await Load.start(engine, { adapter: QUICK }, { createTable: false });
      while ((await load.adapter.health()).alarms.length === 0) await turn();
      expect(await load.adapter.health()).toMatchObject({
        status: "fail",
        alarms: [{ table: load.table, code: "CLICKHOUSE_60" }],
      });
      await load.createTable();
      await load.storedMore(200);
      expect(await load.adapter.health()).toMatchObject({ alarms: [] });
      expect(await load.stop()).toMatchObject(nothingLost);
    });
  },
);

describe("the same lost replies, on a table that does not remember batches,", () => {
  it("double rows: what the other tests count is there to be counted", async () => {
    const forgetful: Engine = {
      ...modern,
      createEvents: (table) => modern.createEvents(table).replace(/SETTINGS.*/, ""),
    };
    await using proxy = await TcpProxy.start(modern.service.url);
    let replies = 0;
    proxy.rules.onReply = () => (++replies % 5 === 0 ? { cutAfterBytes: 0 } : "forward");
    const load = await Load.start(forgetful, { url: proxy.through(modern.service.url), adapter: QUICK });
    await load.storedMore(2_000);
    const { lost, doubled } = await load.stop();
    expect(lost).toBe(0);
    expect(doubled).toBeGreaterThan(0);
  });
});

async function breakerOpens(load: Load): Promise<void> {
  while (load.adapter.metrics().servers.every(({ breaker }) => breaker === "closed")) await turn();
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
