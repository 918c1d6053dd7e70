import { beforeEach, describe, expect, it } from "vitest";
import type { PostgresAdapterOptions, Transaction } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase({ config: ["deadlock_timeout=20ms"] });
/** Enough tries for a storm, spread by full jitter. */
const patient: PostgresAdapterOptions = {
  poolSize: 10,
  maxOverflow: 0,
  retry: { maxAttempts: 200, baseDelayMs: 5, maxDelayMs: 100 },
};

beforeEach(async () => {
  await database.observer.query(`
    create table if not exists accounts (id int primary key, balance int not null);
    create table if not exists moves (id int);
    truncate accounts, moves;
    insert into accounts select id, 1000 from generate_series(0, 3) as id`);
});

async function sums(): Promise<unknown> {
  const text = `select (select sum(balance)::int from accounts) as balance, (select count(*)::int from moves) as moves,
    (select count(distinct id)::int from moves) as distinct_moves`;
  return (await database.observer.query(text)).rows[0];
}

describe("a storm", () => {
  it("of serialization conflicts ends with every transaction done, each effect once", async () => {
    const db = database.open(patient);
    const move = async (transaction: Transaction, id: number): Promise<void> => {
      const { rows } = await transaction.query<{ balance: number }>(
        "select balance from accounts where id = 0",
      );
      await transaction.query("update accounts set balance = $1 where id = 0", [(rows[0]?.balance ?? 0) + 1]);
      await transaction.query("insert into moves values ($1)", [id]);
    };
    const calls = Array.from({ length: 40 }, async (_call, id) =>
      db.transaction(async (transaction) => move(transaction, id), { isolation: "serializable" }),
    );
    await Promise.all(calls);
    expect(await sums()).toEqual({ balance: 4_040, moves: 40, distinct_moves: 40 });
    expect(db.metrics().retries["rolled-back"]).toBeGreaterThan(0);
    expect(db.metrics().pool.created).toBeLessThanOrEqual(10);
  });

  it("of deadlocks too", async () => {
    const db = database.open(patient);
    const calls = Array.from({ length: 40 }, async (_call, id) =>
      db.transaction(async (transaction) => {
        const [from, to] = id % 2 === 0 ? [1, 2] : [2, 1];
        await transaction.query("update accounts set balance = balance - 1 where id = $1", [from]);
        await transaction.query("update accounts set balance = balance + 1 where id = $1", [to]);
        await transaction.query("insert into moves values ($1)", [id]);
      }),
    );
    await Promise.all(calls);
    expect(await sums()).toEqual({ balance: 4_000, moves: 40, distinct_moves: 40 });
    expect(db.metrics().retries["rolled-back"]).toBeGreaterThan(0);
  });
});

describe("a conflict", () => {
  it("that lasts is reported as rolled back and retryable, with the number of tries", async () => {
    const db = database.open({ retry: { maxAttempts: 3, baseDelayMs: 1 } });
    let runs = 0;
    const work = db.transaction(
      async (transaction) => {
        runs += 1;
        await transaction.query("select * from accounts where id = 0");
        await database.observer.query("update accounts set balance = balance + 1 where id = 0");
        await transaction.query("update accounts set balance = 0 where id = 0");
      },
      { isolation: "repeatable read" },
    );
    expect(await rejection(work)).toMatchObject({
      code: "ROLLED_BACK",
      sqlState: "40001",
      retryable: true,
      attempts: 3,
    });
    expect(runs).toBe(3);
  });

  it("runs the whole function again, even when the function words the error anew or swallows it", async () => {
    const db = database.open({ retry: { baseDelayMs: 1 } });
    for (const reaction of ["rethrow", "swallow", "behind a savepoint"]) {
      let runs = 0;
      await db.transaction(
        async (transaction) => {
          runs += 1;
          await transaction.query("select * from accounts where id = 0");
          if (runs === 1)
            await database.observer.query("update accounts set balance = balance + 1 where id = 0");
          const update = async (inner: Transaction): Promise<unknown> =>
            inner.query("update accounts set balance = balance where id = 0");
          try {
            await (reaction === "behind a savepoint" ? transaction.transaction(update) : update(transaction));
          } catch (error) {
            if (reaction === "rethrow") throw new Error("my own words", { cause: error });
          }
        },
        { isolation: "repeatable read" },
      );
      expect(runs).toBe(2);
    }
  });

  it("that was swallowed is found out by COMMIT, and runs again where that can help", async () => {
    const db = database.open({ retry: { baseDelayMs: 20, jitter: "none" } });
    let runs = 0;
    await database.observer
      .transaction(async (holder) => {
        await holder.query("select * from accounts where id = 0 for update");
        const work = db.transaction(async (transaction) => {
          runs += 1;
          await transaction.query("select * from accounts where id = 0 for update nowait").catch(() => {});
          await transaction.query("insert into moves values (1)").catch(() => {});
        });
        await expect.poll(() => runs).toBeGreaterThan(1);
        return { work };
      })
      .then(async ({ work }) => work);
    expect(await sums()).toMatchObject({ moves: 1 });
  });

  it("of one statement is tried again by itself: a lock that was not to be had in time", async () => {
    const db = database.open({ retry: { baseDelayMs: 20, jitter: "none" } });
    const waiting = db.transaction(async (holder) => {
      await holder.query("select * from accounts where id = 0 for update");
      const update = db.query("set lock_timeout = 10; update accounts set balance = 7 where id = 0");
      await expect.poll(() => db.metrics().retries["rolled-back"]).toBeGreaterThan(0);
      return { update };
    });
    const { update } = await waiting;
    await update;
    expect((await database.observer.query("select balance from accounts where id = 0")).rows).toEqual([
      { balance: 7 },
    ]);
  });
});

describe("a procedure that commits in its middle and then conflicts", () => {
  it("is not tried again by itself: its first part would be doubled", async () => {
    await database.observer.query(`
      create or replace procedure two_steps() language plpgsql as $$ begin
        insert into moves values (1); commit; raise exception 'conflict' using errcode = '40001'; end $$`);
    const db = database.open();
    expect(await rejection(db.query("call two_steps()"))).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      sqlState: "40001",
      attempts: 1,
    });
    expect(await sums()).toMatchObject({ moves: 1 });
  });
});
