import dns from "node:dns";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Effects } from "../support/effects.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();

afterEach(() => vi.restoreAllMocks());

describe("a server that is killed and started again under load", () => {
  beforeEach(async () => Effects.createTable(database.observer));

  it("loses no effect that was acknowledged and doubles none, whatever the call said", async () => {
    const retry = { maxAttempts: 100, baseDelayMs: 20, maxDelayMs: 100 };
    const db = database.open({ retry, poolSize: 8 });
    const once = new Effects();
    const verified = new Effects();
    const end = new AbortController();
    const load = Array.from({ length: 16 }, async (_caller, index) => {
      while (!end.signal.aborted) {
        if (index % 2 === 0) await once.try(async (id) => db.query("insert into effects values ($1)", [id]));
        else
          await verified.try(async (id) =>
            db.transaction(
              async (transaction) => transaction.query("insert into effects values ($1)", [id]),
              {
                verify: "status",
              },
            ),
          );
      }
    });
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await database.server.kill9();
      await database.server.restart();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    await Promise.all(load);
    const [single, checked] = [await once.count(database.observer), await verified.count(database.observer)];
    expect(single).toMatchObject({ lost: 0, doubled: 0, phantom: 0, errors: [] });
    expect(single.resolved).toBeGreaterThan(0);
    // After a crash the server's record may be about a stranger: some stay in doubt, and nobody is told what is not so.
    expect(checked).toMatchObject({ refused: 0, lost: 0, doubled: 0, phantom: 0, errors: [] });
    expect(checked.resolved).toBeGreaterThan(0);
    expect(db.metrics().retries["never-sent"]).toBeGreaterThan(0);
  });

  it("is unavailable, retryable, once the tries are used up; the pool works again when it is back", async () => {
    const db = database.open({ retry: { jitter: "none" } });
    await db.query("select 1");
    await database.server.kill9();
    const startedAt = performance.now();
    const error = await rejection(db.query("select 1", [], { idempotent: true }));
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true, attempts: 4 });
    // 100 + 200 + 400 ms between four tries.
    expect(performance.now() - startedAt).toBeGreaterThan(690);
    expect(await db.health()).toMatchObject({ status: "fail", error: { code: "POSTGRES_UNAVAILABLE" } });
    await database.server.restart();
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(await db.health()).toMatchObject({ status: "pass" });
  });

  it("does not hold a call beyond its deadline", async () => {
    const db = database.open({
      url: "postgres://127.0.0.1:1/none",
      retry: { maxAttempts: 1_000, jitter: "none" },
    });
    const startedAt = performance.now();
    const error = await rejection(db.query("select 1", [], { deadlineMs: 500 }));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", attempts: 3 });
    expect(error.message).toContain("ECONNREFUSED");
  });
});

describe("the way to the server", () => {
  it("a refused port was never sent: tried as often as allowed", async () => {
    const db = database.open({ url: "postgres://127.0.0.1:1/none", retry: { baseDelayMs: 1 } });
    const error = await rejection(db.query("insert into anything values (1)"));
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true, attempts: 4 });
    expect(db.metrics().retries["never-sent"]).toBe(3);
  });

  it("an unknown host too", async () => {
    const db = database.open({
      url: "postgres://no-such-host.invalid/none",
      retry: { baseDelayMs: 1, maxAttempts: 2 },
    });
    const error = await rejection(db.query("select 1"));
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", attempts: 2 });
    expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it("a slow name server costs the time for connecting, no more, and a quick one afterwards serves", async () => {
    const lookUp = dns.lookup.bind(dns) as (...call: unknown[]) => void;
    const slow = vi.spyOn(dns, "lookup") as unknown as {
      mockImplementation: (lookup: typeof lookUp) => void;
    };
    let delayMs = 5_000;
    slow.mockImplementation((...call) => void setTimeout(() => lookUp(...call), delayMs).unref());
    const db = database.open({
      host: "localhost",
      connectTimeoutMs: 150,
      retry: { maxAttempts: 2, baseDelayMs: 1 },
    });
    const startedAt = performance.now();
    const error = await rejection(db.query("select 1"));
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true, attempts: 2 });
    expect(error.message).toContain("no session within 150 ms");
    delayMs = 20;
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(db.metrics().pool).toMatchObject({ inUse: 0, idle: 1 });
  });

  it("wrong credentials and a database that is not there are told at once, and never tried again", async () => {
    const wrong = await rejection(database.open({ password: "wrong" }).query("select 1"));
    expect(wrong).toMatchObject({ code: "ACCESS_DENIED", sqlState: "28P01", retryable: false, attempts: 1 });
    const absent = await rejection(database.open({ database: "absent" }).query("select 1"));
    expect(absent).toMatchObject({ code: "ACCESS_DENIED", sqlState: "3D000", attempts: 1 });
    const none = await rejection(database.open({ password: "" }).query("select 1"));
    expect(none).toMatchObject({ code: "ACCESS_DENIED", attempts: 1 });
    const plain = await rejection(database.open({ tls: true }).query("select 1"));
    expect(plain).toMatchObject({ code: "ACCESS_DENIED", attempts: 1 });
  });

  it("a password that rotates is asked for at each connection; a store of secrets that is down is retried", async () => {
    const { password } = new URL(database.server.url);
    let asked = 0;
    const db = database.open({
      password: async () => {
        asked += 1;
        if (asked === 1) throw new Error("the store of secrets is down");
        return Promise.resolve(password);
      },
      retry: { baseDelayMs: 1 },
    });
    await db.query("select 1");
    expect(asked).toBe(2);
    expect(db.metrics().retries["never-sent"]).toBe(1);
  });

  it("a password function that never answers costs the time for connecting", async () => {
    const db = database.open({
      password: async () => new Promise<string>(() => {}),
      connectTimeoutMs: 100,
      retry: { maxAttempts: 1 },
    });
    expect(await rejection(db.query("select 1"))).toMatchObject({ code: "POSTGRES_UNAVAILABLE" });
  });
});
