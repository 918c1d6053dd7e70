import { randomUUID } from "node:crypto";
import { replay, silentLogger } from "@chimera/dlq";
import type { DeadLetter, DeadLetterStore, ReplayItem, ReplayTarget } from "@chimera/dlq";
import { deadLetterStoreCases } from "@chimera/dlq/conformance";
import { sampleLetter } from "@chimera/dlq/testing";
import { TcpProxy } from "@chimera/test-services";
import { describe, expect, it } from "vitest";
import type { PostgresAdapter } from "../../src/index.ts";
import { deadLetterTableSql, PostgresDeadLetterStore } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";

const database = useDatabase();

async function emptyStore(adapter: PostgresAdapter = database.open()): Promise<PostgresDeadLetterStore> {
  const store = new PostgresDeadLetterStore({
    adapter,
    table: `letters ${randomUUID()}`,
    logger: silentLogger,
  });
  await store.migrate();
  return store;
}

async function idsOf(store: DeadLetterStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { letter } of store.list()) ids.push(letter.id);
  return ids;
}

const many = (count: number): DeadLetter[] =>
  Array.from({ length: count }, (_letter, index) =>
    sampleLetter({ id: `letter ${String(index).padStart(5, "0")}` }),
  );

describe("the contract of a dead-letter store", () => {
  it.for([...deadLetterStoreCases])("$name", async ({ run }, context) => {
    const table = `letters ${randomUUID()}`;
    await using store = new PostgresDeadLetterStore({
      adapter: database.observer,
      table,
      logger: silentLogger,
    });
    await store.migrate();
    const openAnother = async (): Promise<DeadLetterStore> =>
      Promise.resolve(new PostgresDeadLetterStore({ adapter: database.open(), table, logger: silentLogger }));
    const outcome = await run({ store, openAnother });
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});

describe("migrate", () => {
  it("lets many processes make the table at once", async () => {
    const table = `letters ${randomUUID()}`;
    const stores = Array.from(
      { length: 8 },
      () => new PostgresDeadLetterStore({ adapter: database.open(), table }),
    );
    await Promise.all(stores.map(async (store) => store.migrate()));
    await stores[0]?.append([sampleLetter()]);
    await stores[1]?.migrate();
    expect(await idsOf(stores[2] as DeadLetterStore)).toEqual([sampleLetter().id]);
  });

  it("does what the exported SQL does, in any schema", async () => {
    const db = database.open();
    await db.query("create schema ops");
    await db.query(deadLetterTableSql(["ops", "lost causes"]));
    const store = new PostgresDeadLetterStore({ adapter: db, table: ["ops", "lost causes"] });
    await store.append([sampleLetter()]);
    await store.migrate();
    expect(await idsOf(store)).toEqual([sampleLetter().id]);
  });

  it("that was forgotten is named by every call, and is retryable", async () => {
    const store = new PostgresDeadLetterStore({ adapter: database.open(), table: "never made" });
    const error = await rejection(store.append([sampleLetter()]));
    expect(error).toMatchObject({ code: "DLQ_UNAVAILABLE", retryable: true });
    expect(error.message).toContain("run migrate()");
    expect(await rejection(store.ping())).toMatchObject({ code: "DLQ_UNAVAILABLE" });
  });

  it.each(["x".repeat(60), "", "nul\0"])("refuses the table's name %j", (table) => {
    expect(() => deadLetterTableSql(table)).toThrow("Expected");
  });
});

describe("appending", () => {
  it("keeps thousands of letters in their order", async () => {
    const store = await emptyStore();
    const letters = many(2_345);
    await store.append(letters);
    expect(await idsOf(store)).toEqual(letters.map(({ id }) => id));
  });

  it("does not wake a letter that was replayed between a try whose answer was lost and the next", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const store = await emptyStore();
    const table = await newestTable();
    const adapter = database.open({
      url: proxy.through(database.server.url),
      retry: { baseDelayMs: 300, jitter: "none" },
    });
    const behindProxy = new PostgresDeadLetterStore({ adapter, table });
    await behindProxy.ping();
    // The INSERT reaches the server, its answer does not reach us.
    proxy.rules.onReply = () => ({ cutAfterBytes: 0 });
    const appending = behindProxy.append([sampleLetter()]);
    await expect.poll(async () => idsOf(store), { interval: 5 }).toEqual([sampleLetter().id]);
    await store.markReplayed([sampleLetter()]);
    delete proxy.rules.onReply;
    await appending;
    expect(adapter.metrics().retries.unknown).toBe(1);
    expect(await idsOf(store)).toEqual([]);
  });
});

describe("replays at the same time", () => {
  it("share the letters: each is listed to one of them", async () => {
    const store = await emptyStore(database.open({ poolSize: 5 }));
    const letters = many(1_000);
    await store.append(letters);
    const shares = await Promise.all(
      Array.from({ length: 4 }, async () => idsOf(store.sharedReplay({ batch: 20 }))),
    );
    expect(shares.flat().toSorted()).toEqual(letters.map(({ id }) => id));
    expect(shares.filter((share) => share.length > 0).length).toBeGreaterThan(1);
  });

  it("leave the letters of one that died to the others when its time is over", async () => {
    const store = await emptyStore();
    await store.append(many(3));
    expect(await idsOf(store.sharedReplay({ leaseMs: 1_000 }))).toHaveLength(3);
    expect(await idsOf(store.sharedReplay())).toEqual([]);
    expect(await idsOf(store)).toHaveLength(3);
    await expect.poll(async () => idsOf(store.sharedReplay()), { timeout: 5_000 }).toHaveLength(3);
  });

  it("let go of a letter that is appended again", async () => {
    const store = await emptyStore();
    await store.append(many(2));
    await idsOf(store.sharedReplay());
    await store.append(many(1));
    expect(await idsOf(store.sharedReplay())).toEqual(many(1).map(({ id }) => id));
  });

  it("give back what they had not dealt with when they are aborted: the next one gets it at once", async () => {
    const store = await emptyStore();
    await store.append(many(5));
    const stop = new AbortController();
    const halfWay: ReplayTarget = {
      name: "half-way",
      take: async ([item]) => {
        if (item?.letter.id !== "letter 00002") return ["taken"];
        stop.abort(new Error("stopped"));
        throw new Error("cut off");
      },
    };
    const options = { signal: stop.signal, batchSize: 1, concurrency: 1 };
    const first = await replay(store.sharedReplay({ batch: 4 }), halfWay, options);
    expect(first).toMatchObject({ ended: "aborted", taken: 2 });
    const second = await replay(store.sharedReplay(), takeAll([]));
    expect(second).toMatchObject({ ended: "done", taken: 3 });
    expect(await idsOf(store)).toEqual([]);
  });

  it("send what they give back under the same id again", async () => {
    const store = await emptyStore();
    await store.append(many(3));
    const stop = new AbortController();
    const sent: ReplayItem[] = [];
    const neverAnswers: ReplayTarget = {
      name: "never answers",
      take: async (items, { signal }) => {
        sent.push(...items);
        stop.abort(new Error("stopped"));
        return Promise.reject(signal?.reason as Error);
      },
    };
    const first = await replay(store.sharedReplay(), neverAnswers, { signal: stop.signal });
    expect(first).toMatchObject({ ended: "aborted", taken: 0 });
    const again: ReplayItem[] = [];
    expect(await replay(store.sharedReplay(), takeAll(again))).toMatchObject({ ended: "done", taken: 3 });
    expect(again.map(({ replayId }) => replayId)).toEqual(sent.map(({ replayId }) => replayId));
  });

  it("leave to the others at once what a loop over them that was left early had not been handed", async () => {
    const store = await emptyStore();
    await store.append(many(5));
    await using view = store.sharedReplay();
    for await (const { letter } of view.list()) if (letter.id === "letter 00001") break;
    expect(await idsOf(store.sharedReplay())).toEqual(["letter 00002", "letter 00003", "letter 00004"]);
    await view.close();
    expect(await idsOf(store.sharedReplay())).toEqual(["letter 00000", "letter 00001"]);
  });

  it("end as they would also where nothing can be given back any more", async () => {
    const store = await emptyStore();
    await store.append(many(3));
    const stop = new AbortController();
    const target: ReplayTarget = {
      name: "gone",
      take: async () => {
        await database.observer.query(`drop table "${await newestTable()}"`);
        stop.abort(new Error("stopped"));
        throw new Error("cut off");
      },
    };
    const report = await replay(store.sharedReplay(), target, { signal: stop.signal });
    expect(report).toMatchObject({ ended: "aborted", taken: 0 });
  });

  it.each([{ leaseMs: 999 }, { batch: 0 }])("refuse %j", async (options) => {
    const store = await emptyStore();
    expect(() => store.sharedReplay(options)).toThrow("Expected");
  });
});

describe("a store that cannot write", () => {
  it("says so in ping and append", async () => {
    const store = await emptyStore();
    await store.append([sampleLetter()]);
    const table = await newestTable();
    await database.observer.query("create role reader login password 'reader'");
    await database.observer.query(`grant select on "${table}" to reader`);
    const reader = new PostgresDeadLetterStore({
      adapter: database.open({ user: "reader", password: "reader", database: "postgres" }),
      table,
    });
    expect(await rejection(reader.ping())).toMatchObject({ code: "DLQ_NOT_WRITABLE" });
    expect(await rejection(reader.append([sampleLetter()]))).toMatchObject({ code: "DLQ_NOT_WRITABLE" });
    expect(await idsOf(reader)).toEqual([sampleLetter().id]);
  });

  it("is unavailable and retryable while the server is down", async () => {
    const adapter = database.open({ url: "postgres://127.0.0.1:1/none", retry: { maxAttempts: 1 } });
    const store = new PostgresDeadLetterStore({ adapter });
    expect(await rejection(store.append([sampleLetter()]))).toMatchObject({
      code: "DLQ_UNAVAILABLE",
      retryable: true,
    });
  });

  it("passes over a row that was spoilt by hand", async () => {
    const store = await emptyStore();
    await store.append(many(2));
    await database.observer.query(`update "${await newestTable()}" set envelope = 'spoilt' where id = $1`, [
      many(1)[0]?.id,
    ]);
    expect(await idsOf(store)).toEqual([many(2)[1]?.id]);
  });
});

function takeAll(taken: ReplayItem[]): ReplayTarget {
  const take: ReplayTarget["take"] = async (items) => {
    taken.push(...items);
    return items.map(() => "taken" as const);
  };
  return { name: "all", take };
}

async function newestTable(): Promise<string> {
  const { rows } = await database.observer.query<{ name: string }>(
    "select relname as name from pg_class where relname like 'letters %' and relkind = 'r' order by oid desc limit 1",
  );
  return rows[0]?.name ?? "";
}
