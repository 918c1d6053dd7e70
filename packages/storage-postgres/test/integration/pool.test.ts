import { ManualClock } from "@chimera/dlq/testing";
import { systemClock } from "@chimera/dlq";
import { describe, expect, it } from "vitest";
import { isPoolTimeoutError } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";
import { holdClients } from "../support/hold-clients.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const database = useDatabase();

describe("size and overflow", () => {
  it("keeps poolSize clients and closes those beyond when they are handed back", async () => {
    const db = database.open({ poolSize: 2, maxOverflow: 3 });
    const { held, letGo } = holdClients(db, 5);
    await held;
    expect(db.metrics().pool).toMatchObject({ inUse: 5, idle: 0, overflow: 3, created: 5 });
    letGo();
    await expect.poll(() => db.metrics().pool).toMatchObject({ inUse: 0, idle: 2, overflow: 0 });
    expect(db.metrics().pool.discarded.overflow).toBe(3);
  });

  it("has no limit when poolSize is 0 or maxOverflow is -1", async () => {
    for (const options of [{ poolSize: 0 }, { poolSize: 1, maxOverflow: -1 }]) {
      const db = database.open(options);
      const { held, letGo } = holdClients(db, 20);
      await held;
      expect(db.metrics().pool.inUse).toBe(20);
      letGo();
      await expect.poll(() => db.metrics().pool.inUse).toBe(0);
      await db.close();
    }
  });

  it("takes the client used last, so that under light load one stays warm", async () => {
    const db = database.open({ poolSize: 3, maxOverflow: 0 });
    const { held, letGo } = holdClients(db, 3);
    await held;
    letGo();
    await expect.poll(() => db.metrics().pool.idle).toBe(3);
    const pids = new Set<unknown>();
    for (let round = 0; round < 10; round++)
      pids.add((await db.query("select pg_backend_pid() as pid")).rows[0]?.["pid"]);
    expect(pids.size).toBe(1);
  });
});

describe("a full pool", () => {
  it("names size, overflow, in use and waiting, and is not taken for a dead server", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 1, poolTimeoutMs: 100 });
    const { held, letGo } = holdClients(db, 2);
    await held;
    const errors = await Promise.all([rejection(db.query("select 1")), rejection(db.query("select 1"))]);
    for (const error of errors) expect(isPoolTimeoutError(error)).toBe(true);
    expect(errors[0]).toMatchObject({
      code: "POOL_TIMEOUT",
      retryable: true,
      attempts: 1,
      pool: { poolSize: 1, maxOverflow: 1, inUse: 2, waiting: 2 },
    });
    expect(errors[0]?.message).toBe(
      "No client came free within 100 ms: 2 in use (poolSize 1, maxOverflow 1), 2 calls waiting",
    );
    letGo();
    await db.query("select 1");
    expect(db.metrics().pool.waits).toMatchObject({ count: 3, timeouts: 2 });
  });

  it("serves those who wait in the order in which they came", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    const { held, letGo } = holdClients(db, 1);
    await held;
    const order: number[] = [];
    const calls = Array.from({ length: 20 }, async (_call, index) => {
      await db.query("select 1");
      order.push(index);
    });
    expect(db.metrics().pool.waiting).toBe(20);
    letGo();
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 20 }, (_call, index) => index));
    expect(db.metrics().pool.created).toBe(1);
  });

  it("lets a waiting call go when it is aborted, and the next one moves up", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    const { held, letGo } = holdClients(db, 1);
    await held;
    const controller = new AbortController();
    const reason = new Error("no longer needed");
    const aborted = rejection(db.query("select 1", [], { signal: controller.signal }));
    const next = db.query("select 2 as two");
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    letGo();
    expect((await next).rows).toEqual([{ two: 2 }]);
  });

  it("hands a place on when a connection fails, so that nobody waits for one that cannot come", async () => {
    const db = database.open({
      url: "postgres://127.0.0.1:1/none",
      poolSize: 1,
      maxOverflow: 0,
      retry: { maxAttempts: 1 },
    });
    const errors = await Promise.all(Array.from({ length: 5 }, async () => rejection(db.query("select 1"))));
    for (const error of errors)
      expect(error).toMatchObject({ code: "POSTGRES_UNAVAILABLE", retryable: true });
    expect(db.metrics().pool).toMatchObject({ inUse: 0, waiting: 0, connectFailures: 5 });
  });
});

describe("recycling", () => {
  it("replaces clients that are too old, at different ages", async () => {
    const clock = new ManualClock();
    const ages = [0, 1];
    const db = database.open({
      clock,
      prePing: false,
      poolSize: 2,
      recycleMs: 1_000,
      recycleJitter: 0.5,
      random: () => ages.shift() ?? 0,
    });
    const { held, letGo } = holdClients(db, 2);
    await held;
    letGo();
    await expect.poll(() => db.metrics().pool.idle).toBe(2);
    await clock.advance(600);
    await Promise.all([db.query("select 1"), db.query("select 1")]);
    expect(db.metrics().pool.discarded.recycled).toBe(1);
    await clock.advance(399);
    await Promise.all([db.query("select 1"), db.query("select 1")]);
    expect(db.metrics().pool.discarded.recycled).toBe(1);
    await clock.advance(1);
    await Promise.all([db.query("select 1"), db.query("select 1")]);
    expect(db.metrics().pool.discarded.recycled).toBe(2);
  });
});

describe("a client that is kept", () => {
  it("is reported with the place that took it, once", async () => {
    const logger = new RecordingLogger();
    const db = database.open({ leakAfterMs: 50, logger });
    const { held, letGo } = holdClients(db, 1);
    await held;
    await expect.poll(() => logger.of("postgres.client_kept")).toHaveLength(1);
    expect(logger.of("postgres.client_kept")[0]).toMatchObject({
      forMs: 50,
      takenAt: expect.stringContaining("hold-clients.ts") as string,
    });
    letGo();
  });

  it("is not reported when it is given back in time", async () => {
    const logger = new RecordingLogger();
    const db = database.open({ leakAfterMs: 30, logger });
    await db.query("select 1");
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(logger.of("postgres.client_kept")).toEqual([]);
  });
});

describe("a statement that leaves a transaction open", () => {
  it("is refused and rolled back, since the next one would run on another client", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    const error = await rejection(db.query("begin; create table never (id int)"));
    expect(error).toMatchObject({ code: "POSTGRES_INVALID" });
    expect(error.message).toContain("use transaction()");
    expect((await db.query("select to_regclass('never') as never")).rows).toEqual([{ never: null }]);
    expect(db.metrics().pool.discarded["left-in-transaction"]).toBe(1);
  });

  it("by its failure is not met by the next call either", async () => {
    const db = database.open({ poolSize: 1, maxOverflow: 0 });
    const failing = rejection(db.query("begin; select 1 / 0"));
    // In line while the first one fails: it gets the client at once.
    const next = db.query("select 1 as one");
    expect(await failing).toMatchObject({ code: "DATA_INVALID" });
    expect((await next).rows).toEqual([{ one: 1 }]);
    expect(db.metrics().pool.discarded["left-in-transaction"]).toBe(1);
  });
});

describe("a process", () => {
  it("is not kept alive by a clock of ours once the pool is closed", async () => {
    const timers = new Set<unknown>();
    const clock = {
      ...systemClock,
      schedule: (callback: () => void, delayMs: number, background?: boolean) => {
        const timer = systemClock.schedule(() => (timers.delete(timer), callback()), delayMs, background);
        timers.add(timer);
        return { cancel: () => (timers.delete(timer), timer.cancel()) };
      },
    };
    const db = database.open({ clock });
    await db.query("select 1");
    await rejection(db.query("select pg_sleep(5)", [], { deadlineMs: 50 }));
    await db.close();
    await expect.poll(() => timers.size).toBe(0);
  });
});
