import { beforeEach, describe, expect, it } from "vitest";
import type { PostgresAdapter } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.observer.query(`
    create table if not exists notes (id int primary key, note text);
    truncate notes`);
});

async function storedIds(): Promise<number[]> {
  const { rows } = await database.observer.query<{ id: number }>("select id from notes order by id");
  return rows.map(({ id }) => id);
}

const insert = "insert into notes (id) values ($1)";

describe("a transaction", () => {
  it("commits when its function resolves, and answers its value", async () => {
    const value = await database.open().transaction(async (transaction) => {
      await transaction.query(insert, [1]);
      expect(await storedIds()).toEqual([]);
      return "done";
    });
    expect(value).toBe("done");
    expect(await storedIds()).toEqual([1]);
  });

  it("rolls back when it rejects, rejects with the very same error, and keeps its client", async () => {
    const db = database.open();
    const mine = new Error("not today");
    const work = db.transaction(async (transaction) => {
      await transaction.query(insert, [1]);
      throw mine;
    });
    expect(await rejection(work)).toBe(mine);
    expect(await storedIds()).toEqual([]);
    expect(db.metrics().pool).toMatchObject({ inUse: 0, idle: 1, created: 1 });
  });

  it("keeps its client when COMMIT is refused", async () => {
    const db = database.open();
    await db.query("create table late (id int unique deferrable initially deferred)");
    const work = db.transaction(async (transaction) => {
      await transaction.query("insert into late values (1), (1)");
    });
    expect(await rejection(work)).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
    expect(db.metrics().pool).toMatchObject({ inUse: 0, idle: 1, created: 1 });
  });

  it("does not pass for committed when a failed statement was swallowed", async () => {
    const work = database.open().transaction(async (transaction) => {
      await transaction.query(insert, [1]);
      await transaction.query(insert, [1]).catch(() => {});
    });
    expect(await rejection(work)).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
    expect(await storedIds()).toEqual([]);
  });

  it("runs statements in the order of the calls, also when they were not awaited", async () => {
    await database.open().transaction(async (transaction) => {
      void transaction.query(insert, [1]);
      void transaction.query("update notes set note = 'a'");
      await Promise.all([2, 3, 4].map(async (id) => transaction.query(insert, [id])));
      void transaction.query(insert, [5]);
    });
    expect(await storedIds()).toEqual([1, 2, 3, 4, 5]);
  });

  it("takes no statement once it is over", async () => {
    let leaked: Parameters<Parameters<PostgresAdapter["transaction"]>[0]>[0] | undefined;
    await database.open().transaction(async (transaction) => {
      leaked = transaction;
      await transaction.query("select 1");
    });
    expect(await rejection(leaked?.query("select 1") ?? Promise.resolve())).toMatchObject({
      code: "POSTGRES_INVALID",
    });
  });

  it.each(["read committed", "repeatable read", "serializable"] as const)(
    "has the isolation %s",
    async (isolation) => {
      const { rows } = await database
        .open()
        .transaction(async (transaction) => transaction.query("show transaction_isolation"), { isolation });
      expect(rows).toEqual([{ transaction_isolation: isolation }]);
    },
  );

  it("that is to read only is held to it by the server, and the mistake is not taken for a failover", async () => {
    const db = database.open();
    const work = db.transaction(async (transaction) => transaction.query(insert, [1]), { readOnly: true });
    expect(await rejection(work)).toMatchObject({ code: "QUERY_REFUSED", sqlState: "25006", attempts: 1 });
    expect(db.metrics().pool.discarded.flushed).toBe(0);
  });

  it("refuses an isolation that is not one, before it is sent", async () => {
    const isolation = "serializable; drop table notes" as "serializable";
    const work = database.open().transaction(async () => Promise.resolve(), { isolation });
    expect(await rejection(work)).toMatchObject({ code: "POSTGRES_INVALID" });
  });
});

describe("a nested transaction", () => {
  it("undoes only its own part when it rejects", async () => {
    await database.open().transaction(async (transaction) => {
      await transaction.query(insert, [1]);
      const nested = transaction.transaction(async (inner) => {
        await inner.query(insert, [2]);
        await inner.transaction(async (innermost) => innermost.query(insert, [3]));
        await inner.query(insert, [1]);
      });
      expect(await rejection(nested)).toMatchObject({ code: "CONSTRAINT_VIOLATION" });
      await transaction.transaction(async (inner) => inner.query(insert, [4]));
    });
    expect(await storedIds()).toEqual([1, 4]);
  });

  it("that swallowed a failed statement rejects, and the outer one goes on", async () => {
    await database.open().transaction(async (transaction) => {
      await transaction.query(insert, [1]);
      const nested = transaction.transaction(async (inner) => {
        await inner.query(insert, [2]);
        await inner.query(insert, [1]).catch(() => {});
      });
      expect(await rejection(nested)).toMatchObject({ sqlState: "25P02" });
    });
    expect(await storedIds()).toEqual([1]);
  });

  it("is the only one to be used while it runs", async () => {
    await database.open().transaction(async (transaction) => {
      await transaction.transaction(async () => {
        expect(await rejection(transaction.query("select 1"))).toMatchObject({ code: "POSTGRES_INVALID" });
      });
      await transaction.query(insert, [1]);
    });
    expect(await storedIds()).toEqual([1]);
  });

  it("may catch a lock that was not to be had", async () => {
    await database.observer.query(insert, [1]);
    const db = database.open();
    await db.transaction(async (holder) => {
      await holder.query("select * from notes for update");
      const taken = await db.transaction(async (transaction) => {
        const nested = transaction.transaction(async (inner) =>
          inner.query("select * from notes for update nowait"),
        );
        const error = await rejection(nested);
        await transaction.query(insert, [2]);
        return error;
      });
      expect(taken).toMatchObject({ code: "ROLLED_BACK", sqlState: "55P03", retryable: true });
    });
    expect(await storedIds()).toEqual([1, 2]);
    expect(db.metrics().retries["rolled-back"]).toBe(0);
  });
});

describe("limits", () => {
  const running = async (name: string): Promise<unknown[]> =>
    (
      await database.observer.query(
        "select query from pg_stat_activity where application_name = $1 and state <> 'idle'",
        [name],
      )
    ).rows;

  it("an abort cancels the running statement on the server, and rejects with its reason", async () => {
    const db = database.open({ applicationName: "to-abort" });
    const controller = new AbortController();
    const reason = new Error("the user left");
    const options = { signal: controller.signal };
    const work = rejection(
      db.transaction(async (transaction) => {
        await transaction.query(insert, [1]);
        await transaction.query("select pg_sleep(60)").catch(() => {});
        await transaction.query(insert, [2]);
      }, options),
    );
    await expect.poll(async () => running("to-abort")).toContainEqual({ query: "select pg_sleep(60)" });
    controller.abort(reason);
    expect(await work).toBe(reason);
    expect(await storedIds()).toEqual([]);
    expect(await running("to-abort")).toEqual([]);
  });

  it("an abort that came before is told at once, and nothing is sent", async () => {
    const db = database.open();
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    expect(await rejection(db.query("select 1", [], { signal }))).toBe(reason);
    expect(await rejection(db.transaction(async () => Promise.resolve(), { signal }))).toBe(reason);
    expect(db.metrics().pool.created).toBe(0);
  });

  it("an abort while the function does something else keeps it from committing", async () => {
    const db = database.open();
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const work = db.transaction(
      async (transaction) => {
        await transaction.query(insert, [1]);
        controller.abort(reason);
      },
      { signal: controller.signal },
    );
    expect(await rejection(work)).toBe(reason);
    expect(await storedIds()).toEqual([]);
    expect(db.metrics().pool).toMatchObject({ idle: 1, created: 1 });
  });

  it("a deadline cancels on the server too, and says that nothing took effect", async () => {
    const db = database.open({ applicationName: "to-time-out" });
    const error = await rejection(db.query("select pg_sleep(60)", [], { deadlineMs: 150 }));
    expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", retryable: true, attempts: 1 });
    expect(await running("to-time-out")).toEqual([]);
    expect(db.metrics().pool.discarded.cancelled).toBe(1);
  });

  it("the server's own statement_timeout is told apart, and not tried again", async () => {
    const db = database.open({ statementTimeoutMs: 100 });
    const error = await rejection(db.query("select pg_sleep(60)"));
    expect(error).toMatchObject({
      code: "STATEMENT_CANCELED",
      sqlState: "57014",
      attempts: 1,
      retryable: false,
    });
  });
});
