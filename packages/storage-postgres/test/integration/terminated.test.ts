import { TcpProxy } from "@chimera/test-services";
import { beforeEach, describe, expect, it } from "vitest";
import type { PostgresAdapter, PostgresAdapterOptions, TransactionOptions } from "../../src/index.ts";
import { Effects } from "../support/effects.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();
const quick: PostgresAdapterOptions = { retry: { baseDelayMs: 1, jitter: "none" } };
const insert = "insert into effects values ($1)";

beforeEach(async () => Effects.createTable(database.observer));

async function terminate(applicationName: string, query = "%"): Promise<void> {
  const terminated = async (): Promise<number> =>
    (
      await database.observer.query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1 and query like $2",
        [applicationName, query],
      )
    ).rowCount;
  await expect.poll(terminated, { interval: 10 }).toBeGreaterThan(0);
}

describe("a backend that is terminated", () => {
  it("while idle is noticed at once: no caller meets it, and the process lives", async () => {
    const db = database.open({ ...quick, applicationName: "idle-one" });
    await db.query("select 1");
    await terminate("idle-one");
    await expect.poll(() => db.metrics().pool.idle).toBe(0);
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(db.metrics()).toMatchObject({
      pool: { discarded: { lost: 1 } },
      retries: { unknown: 0, "never-sent": 0 },
    });
  });

  it("in the middle of a statement leaves it open: not tried again, and said so", async () => {
    const db = database.open({ ...quick, applicationName: "busy-one" });
    const running = rejection(db.query("select pg_sleep(30)"));
    await terminate("busy-one", "%pg_sleep%");
    expect(await running).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      sqlState: "57P01",
      retryable: false,
      attempts: 1,
    });
    expect((await db.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it("in the middle of a statement that is idempotent is tried again", async () => {
    const db = database.open({ ...quick, applicationName: "repeatable-one" });
    const running = db.query("select pg_sleep(0.5), 1 as one", [], { idempotent: true });
    await terminate("repeatable-one", "%pg_sleep%");
    expect((await running).rows).toMatchObject([{ one: 1 }]);
    expect(db.metrics().retries.unknown).toBe(1);
  });

  it("inside a transaction, before COMMIT, has undone it: the function runs again, its effect is there once", async () => {
    const db = database.open({ ...quick, applicationName: "in-transaction" });
    const effects = new Effects();
    let runs = 0;
    await effects.try(async (id) =>
      db.transaction(async (transaction) => {
        runs += 1;
        await transaction.query(insert, [id]);
        // Between two statements, with the client taken: its `error` event must not end the process.
        if (runs === 1) await terminate("in-transaction", "insert%");
        await transaction.query("select 1");
      }),
    );
    expect(runs).toBe(2);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, doubled: 0, lost: 0 });
  });
});

/** From now on a COMMIT of applications named like this takes a second. */
async function useSlowCommits(): Promise<void> {
  await database.observer.query(`
    create or replace function slow_commit() returns trigger language plpgsql as
      $$ begin perform pg_sleep(case when current_setting('application_name') like 'slow%' then 1 else 0 end); return new; end $$;
    drop trigger if exists slow on effects;
    create constraint trigger slow after insert on effects deferrable initially deferred
      for each row execute function slow_commit()`);
}

describe("a backend that is terminated in COMMIT", () => {
  beforeEach(useSlowCommits);

  async function commitUnderTermination(options: TransactionOptions): Promise<{
    readonly effects: Effects;
    readonly runs: number;
    readonly db: PostgresAdapter;
  }> {
    const db = database.open({ ...quick, applicationName: "slow-commit" });
    const effects = new Effects();
    let runs = 0;
    const committing = effects.try(async (id) =>
      db.transaction(async (transaction) => {
        runs += 1;
        if (runs > 1) await transaction.query("set local application_name = 'quick-commit'");
        await transaction.query(insert, [id]);
      }, options),
    );
    await terminate("slow-commit", "commit");
    await committing;
    return { effects, runs, db };
  }

  it("leaves the outcome unknown, and says so instead of guessing", async () => {
    const { effects, runs } = await commitUnderTermination({});
    expect(runs).toBe(1);
    expect(await effects.count(database.observer)).toMatchObject({ unknown: 1, doubled: 0 });
  });

  it.each<[string, TransactionOptions]>([
    ["the server's own record", { verify: "status" }],
    [
      "a function of the caller",
      { verify: async (db) => (await db.query("select * from effects")).rowCount > 0 },
    ],
    ["the caller's word that it is idempotent", { idempotent: true }],
  ])("is settled by %s: it had not happened, so it runs again, once", async (_how, options) => {
    const { effects, runs } = await commitUnderTermination(options);
    expect(runs).toBe(2);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, lost: 0, doubled: 0 });
  });
});

describe("a COMMIT that is still under way when its connection is lost", () => {
  it.each<[string, TransactionOptions]>([
    ["the server's own record", { verify: "status" }],
    [
      "a function of the caller",
      { verify: async (db) => (await db.query("select * from effects")).rowCount > 0 },
    ],
  ])("is waited for before %s is asked: nothing runs again", async (_how, options) => {
    await useSlowCommits();
    await using proxy = await TcpProxy.start(database.server.url);
    const url = proxy.through(database.server.url);
    const db = database.open({ ...quick, url, applicationName: "slow-and-cut" });
    const effects = new Effects();
    let runs = 0;
    const committing = effects.try(async (id) =>
      db.transaction(async (transaction) => {
        runs += 1;
        await transaction.query(insert, [id]);
      }, options),
    );
    const underWay =
      "select 1 from pg_stat_activity where application_name = 'slow-and-cut' and query = 'commit' and state = 'active'";
    await expect
      .poll(async () => (await database.observer.query(underWay)).rowCount, { interval: 10 })
      .toBe(1);
    proxy.cutAll();
    await committing;
    expect(runs).toBe(1);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, lost: 0, doubled: 0 });
  });
});

describe("a COMMIT that took effect and whose answer was lost", () => {
  async function commitWithoutAnswer(
    options: TransactionOptions,
  ): Promise<{ readonly effects: Effects; readonly runs: number }> {
    await using proxy = await TcpProxy.start(database.server.url);
    const db = database.open({ ...quick, url: proxy.through(database.server.url) });
    const effects = new Effects();
    let runs = 0;
    await effects.try(async (id) =>
      db.transaction(async (transaction) => {
        runs += 1;
        await transaction.query(insert, [id]);
        proxy.rules.onReply = (chunk) => {
          if (!chunk.includes("COMMIT")) return "forward";
          delete proxy.rules.onReply;
          return { cutAfterBytes: 0 };
        };
      }, options),
    );
    return { effects, runs };
  }

  it("is reported as unknown", async () => {
    const { effects, runs } = await commitWithoutAnswer({});
    expect(runs).toBe(1);
    expect(await effects.count(database.observer)).toMatchObject({ unknown: 1, doubled: 0 });
  });

  it.each<[string, TransactionOptions]>([
    ["the server's own record", { verify: "status" }],
    [
      "a function of the caller",
      { verify: async (db) => (await db.query("select * from effects")).rowCount > 0 },
    ],
  ])("is found by %s: the call resolves and nothing runs again", async (_how, options) => {
    const { effects, runs } = await commitWithoutAnswer(options);
    expect(runs).toBe(1);
    expect(await effects.count(database.observer)).toMatchObject({ resolved: 1, lost: 0, doubled: 0 });
  });

  it("stays unknown when the one who should know fails", async () => {
    const verify = async (): Promise<boolean> => Promise.reject(new Error("I do not know either"));
    const { effects } = await commitWithoutAnswer({ verify });
    expect(await effects.count(database.observer)).toMatchObject({ unknown: 1, doubled: 0 });
  });

  it("stays unknown when the caller aborts while it is asked for", async () => {
    const controller = new AbortController();
    const verify = async (): Promise<boolean> => {
      // Behind this answer, while the next question waits for its time.
      setImmediate(() => controller.abort(new Error("no longer needed")));
      return Promise.reject(Object.assign(new Error("ask me later"), { retryable: true }));
    };
    const { effects } = await commitWithoutAnswer({ verify, signal: controller.signal });
    expect(await effects.count(database.observer)).toMatchObject({ unknown: 1, phantom: 0 });
  });

  it("matters to nobody when the transaction only read", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const db = database.open({ ...quick, url: proxy.through(database.server.url) });
    let runs = 0;
    const { rows } = await db.transaction(
      async (transaction) => {
        runs += 1;
        if (runs === 1)
          proxy.rules.onReply = (chunk) => (chunk.includes("COMMIT") ? { cutAfterBytes: 0 } : "forward");
        else delete proxy.rules.onReply;
        return transaction.query("select 1 as one");
      },
      { readOnly: true },
    );
    expect(rows).toEqual([{ one: 1 }]);
    expect(runs).toBe(2);
  });
});
