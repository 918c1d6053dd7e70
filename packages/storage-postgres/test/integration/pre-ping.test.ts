import { ManualClock } from "@chimera/dlq/testing";
import { TcpProxy } from "@chimera/test-services";
import { describe, expect, it } from "vitest";
import { rejection, useDatabase } from "../support/database.ts";
import { holdClients } from "../support/hold-clients.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const database = useDatabase();

describe("pre-ping", () => {
  it("leaves a warm client alone and pings one that was idle for long", async () => {
    const clock = new ManualClock();
    const db = database.open({ clock });
    await db.query("select 1");
    await clock.advance(500);
    await db.query("select 1");
    expect(db.metrics().pool.pings).toBe(0);
    await clock.advance(501);
    await db.query("select 1");
    expect(db.metrics().pool).toMatchObject({ pings: 1, created: 1 });
  });

  it("can be turned off", async () => {
    const clock = new ManualClock();
    const db = database.open({ clock, prePing: false });
    await db.query("select 1");
    await clock.advance(100_000);
    await db.query("select 1");
    expect(db.metrics().pool.pings).toBe(0);
  });

  it("costs one time-out in a silent network, however many clients were idle", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const logger = new RecordingLogger();
    const url = proxy.through(database.server.url);
    const db = database.open({ url, poolSize: 4, prePingIdleMs: 20, prePingTimeoutMs: 1_000, logger });
    const { held, letGo } = holdClients(db, 4);
    await held;
    letGo();
    await expect.poll(() => db.metrics().pool.idle).toBe(4);
    // The old connections hear nothing any more, as behind a gateway that forgot them; new ones work.
    const deaf = proxy.connections;
    proxy.rules.onReply = (_chunk, connection) => (connection < deaf ? "drop" : "forward");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    for (let call = 0; call < 4; call++) await db.query("select 1");
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(990);
    expect(tookMs).toBeLessThan(2_000);
    expect(db.metrics().pool).toMatchObject({ created: 5, discarded: { ping: 1, flushed: 3 } });
    expect(logger.of("postgres.pool_flushed")).toHaveLength(1);
  });

  it("costs callers side by side one time-out too, not one each in turn", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const url = proxy.through(database.server.url);
    const db = database.open({
      url,
      poolSize: 4,
      maxOverflow: 0,
      prePingIdleMs: 20,
      prePingTimeoutMs: 1_000,
    });
    const { held, letGo } = holdClients(db, 4);
    await held;
    letGo();
    await expect.poll(() => db.metrics().pool.idle).toBe(4);
    const deaf = proxy.connections;
    proxy.rules.onReply = (_chunk, connection) => (connection < deaf ? "drop" : "forward");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 12 }, async () => db.query("select 1")));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe("a ping that its caller cannot wait for", () => {
  it("costs that client, and no other: a hurried caller says nothing about the network", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const url = proxy.through(database.server.url);
    const db = database.open({ url, poolSize: 2, prePingIdleMs: 10, retry: { maxAttempts: 1 } });
    const { held, letGo } = holdClients(db, 2);
    await held;
    letGo();
    await expect.poll(() => db.metrics().pool.idle).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    proxy.rules.latencyMs = 100;
    expect(await rejection(db.query("select 1", [], { deadlineMs: 20 }))).toHaveProperty("code");
    expect(db.metrics().pool).toMatchObject({ idle: 1, discarded: { ping: 1, flushed: 0 } });
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const aborted = rejection(db.query("select 1", [], { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 10);
    expect(await aborted).toBe(reason);
    expect(db.metrics().pool).toMatchObject({ inUse: 0, discarded: { ping: 2, flushed: 0 } });
  });
});
