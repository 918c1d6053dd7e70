import { TcpProxy } from "@chimera/test-services";
import { beforeEach, describe, expect, it } from "vitest";
import { Effects } from "../support/effects.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase({ config: ["max_connections=12", "superuser_reserved_connections=0"] });

beforeEach(async () => Effects.createTable(database.observer));

describe("too many connections", () => {
  it("are waited out: a refused one was never sent, and each effect is there once", async () => {
    const retry = { maxAttempts: 200, baseDelayMs: 5, maxDelayMs: 50 };
    const insert = "insert into effects select $1::uuid from pg_sleep(0.02)";
    const effects = new Effects();
    // 16 services for 12 places; each leaves when its work is done.
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        const db = database.open({ poolSize: 2, maxOverflow: 0, retry });
        await Promise.all(
          Array.from({ length: 4 }, async () => effects.try(async (id) => db.query(insert, [id]))),
        );
        await db.close();
      }),
    );
    expect(await effects.count(database.observer)).toMatchObject({
      resolved: 64,
      lost: 0,
      doubled: 0,
      errors: [],
    });
  });

  it("are reported with their SQLSTATE when they last", async () => {
    const holder = database.open({ poolSize: 0 });
    const held = Array.from({ length: 12 }, async () => holder.query("select pg_sleep(1)").catch(() => {}));
    await expect.poll(() => holder.metrics().pool.connectFailures).toBeGreaterThan(0);
    const error = await rejection(
      database.open({ retry: { maxAttempts: 2, baseDelayMs: 1 } }).query("select 1"),
    );
    expect(error).toMatchObject({
      code: "POSTGRES_UNAVAILABLE",
      sqlState: "53300",
      retryable: true,
      attempts: 2,
    });
    await Promise.all(held);
  });
});

describe("a silent network", () => {
  it("in the middle of a statement ends with the deadline and its grace, and leaves the outcome open", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const db = database.open({ url: proxy.through(database.server.url) });
    await db.query("select 1");
    const running = rejection(
      db.query("insert into effects select gen_random_uuid() from pg_sleep(0.1)", [], { deadlineMs: 300 }),
    );
    const startedAt = performance.now();
    proxy.silence();
    expect(await running).toMatchObject({ code: "OUTCOME_UNKNOWN", attempts: 1 });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    proxy.restore();
  });

  it("that swallows a read is an unavailable server, not a doubt", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const db = database.open({ url: proxy.through(database.server.url) });
    await db.query("select 1");
    const running = rejection(db.query("select 1", [], { deadlineMs: 200, idempotent: true }));
    proxy.silence();
    expect(await running).toMatchObject({ code: "DEADLINE_EXCEEDED", retryable: true });
  });

  it("while connecting ends with the time for connecting", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    proxy.silence();
    const url = proxy.through(database.server.url);
    const db = database.open({ url, connectTimeoutMs: 100, retry: { maxAttempts: 2, baseDelayMs: 1 } });
    const error = await rejection(db.query("select 1"));
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true, attempts: 2 });
  });

  it("with every place taken by a connection under way is not called a busy pool", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    proxy.silence();
    const url = proxy.through(database.server.url);
    const db = database.open({ url, poolSize: 1, maxOverflow: 0, poolTimeoutMs: 100, connectTimeoutMs: 400 });
    const first = rejection(db.query("select 1", [], { deadlineMs: 400 }));
    const second = await rejection(db.query("select 1"));
    expect(second).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
    await first;
  });

  it("does not keep close from resolving within its deadline", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const db = database.open({ url: proxy.through(database.server.url) });
    const running = rejection(db.query("select pg_sleep(10)"));
    await expect.poll(() => db.metrics().pool.created).toBe(1);
    proxy.silence();
    const startedAt = performance.now();
    await db.close({ deadlineMs: 200 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await running).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  it("does not keep a caller that waits for its connection beyond a close", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    proxy.silence();
    const db = database.open({ url: proxy.through(database.server.url), connectTimeoutMs: 30_000 });
    const connecting = rejection(db.query("select 1"));
    await expect.poll(() => db.metrics().pool.connecting).toBe(1);
    const startedAt = performance.now();
    await db.close({ deadlineMs: 200 });
    expect(await connecting).toMatchObject({ code: "POSTGRES_CLOSED", retryable: false });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(db.metrics().pool).toMatchObject({ connecting: 0, inUse: 0 });
  });
});

describe("a failover to a server that takes only reads", () => {
  const setReadOnly = async (isReadOnly: boolean): Promise<void> => {
    // Through the sessions' defaults, as on a standby: no session of the old generation may go on writing.
    await database.observer.query(
      `alter database postgres set default_transaction_read_only = ${isReadOnly ? "on" : "off"}`,
    );
  };

  it("drops every client and tries again on new ones, so that the effect is there once when it can write", async () => {
    const db = database.open({ retry: { baseDelayMs: 150, jitter: "none" } });
    await setReadOnly(true);
    const effects = new Effects();
    // Both clients come from the read-only server.
    await Promise.all([db.query("select pg_sleep(0.1)"), db.query("select pg_sleep(0.1)")]);
    expect(await db.health()).toMatchObject({ status: "warn", readOnly: true });
    const inserting = effects.try(async (id) => db.query("insert into effects values ($1)", [id]));
    await expect.poll(() => db.metrics().retries.failover).toBe(1);
    expect(db.metrics().pool).toMatchObject({ idle: 0, discarded: { flushed: 2 } });
    await setReadOnly(false);
    await inserting;
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, doubled: 0 });
    expect(await db.health()).toMatchObject({ status: "pass", readOnly: false });
  });

  it("runs a whole transaction again", async () => {
    const db = database.open({ retry: { baseDelayMs: 150, jitter: "none" } });
    await setReadOnly(true);
    const effects = new Effects();
    let runs = 0;
    await effects.try(async (id) =>
      db.transaction(async (transaction) => {
        runs += 1;
        if (runs > 1) await setReadOnly(false);
        await transaction.query("insert into effects values ($1)", [id]);
      }),
    );
    expect(runs).toBeGreaterThan(1);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, doubled: 0 });
  });

  it("that lasts is reported as such, retryable", async () => {
    await setReadOnly(true);
    const db = database.open({ retry: { maxAttempts: 2, baseDelayMs: 1 } });
    const error = await rejection(db.query("insert into effects values (gen_random_uuid())"));
    expect(error).toMatchObject({
      code: "READ_ONLY_SERVER",
      sqlState: "25006",
      retryable: true,
      attempts: 2,
    });
    await setReadOnly(false);
  });
});
