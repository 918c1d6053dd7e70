import { deepStrictEqual, strictEqual } from "node:assert";
import type { DeadLetter } from "../dead-letter.ts";
import type { DeadLetterFilter } from "../dead-letter-store.ts";
import { sampleLetter } from "../testing/sample-letter.ts";
import { listed, listedIds, refusalCode, type DeadLetterStoreCase } from "./store-case.ts";

const TS = {
  first: "2026-11-23T08:00:00.000Z",
  second: "2026-11-23T09:00:00.000Z",
  third: "2026-11-23T10:00:00.000Z",
} as const;

const LETTERS: readonly DeadLetter[] = [
  sampleLetter({ id: "a", ts: TS.first, reason: "exhausted", code: "ETIMEDOUT", source: "queue:mail" }),
  sampleLetter({ id: "b", ts: TS.second, reason: "rejected", code: "27", target: "clickhouse:quakes" }),
  sampleLetter({ id: "c", ts: TS.third, reason: "poison" }),
];

const FILTERS: readonly (readonly [what: string, filter: DeadLetterFilter, ids: readonly string[]])[] = [
  ["nothing", {}, ["a", "b", "c"]],
  ["ids", { ids: ["c", "a", "unknown"] }, ["a", "c"]],
  ["no ids at all", { ids: [] }, []],
  ["reasons", { reasons: ["poison", "rejected"] }, ["b", "c"]],
  ["codes", { codes: ["27", "ETIMEDOUT"] }, ["a", "b"]],
  ["source", { source: "queue:mail" }, ["a"]],
  ["target", { target: "clickhouse:quakes" }, ["b"]],
  ["since, which includes its moment", { since: TS.second }, ["b", "c"]],
  ["until, which excludes its moment", { until: TS.second }, ["a"]],
  ["a moment in another time zone", { since: "2026-11-23T11:00:00+02:00" }, ["b", "c"]],
  ["several conditions, which all must hold", { reasons: ["poison"], codes: ["27"] }, []],
];

/** Listing, counting, marking, purging and closing. */
export const QUERY_CASES: readonly DeadLetterStoreCase[] = [
  ...FILTERS.map(([what, filter, ids]): DeadLetterStoreCase => ({
    name: `list and stats filter by ${what}`,
    async run({ store }) {
      await store.append(LETTERS);
      deepStrictEqual(await listedIds(store, filter), ids);
      strictEqual((await store.stats(filter)).count, ids.length);
    },
  })),
  {
    name: "stats count by reason and source, and know the oldest and the newest",
    async run({ store }) {
      await store.append(LETTERS);
      const { bytes, ...stats } = await store.stats();
      deepStrictEqual(stats, {
        count: 3,
        byReason: { exhausted: 1, rejected: 1, poison: 1 },
        bySource: { "queue:mail": 1, "queue:quakes": 2 },
        oldestTs: TS.first,
        newestTs: TS.third,
        unreadable: 0,
      });
      strictEqual(bytes > 0, true);
    },
  },
  {
    name: "stats of an empty store are zero",
    async run({ store }) {
      deepStrictEqual(await store.stats(), { count: 0, bytes: 0, byReason: {}, bySource: {}, unreadable: 0 });
    },
  },
  {
    name: "a filter that cannot be understood is refused",
    async run({ store }) {
      await store.append(LETTERS);
      const wrong = { since: "yesterday" };
      strictEqual(await refusalCode(async () => listed(store, wrong)), "DLQ_INVALID");
      strictEqual(await refusalCode(async () => store.stats(wrong)), "DLQ_INVALID");
      strictEqual(await refusalCode(async () => store.purge(wrong)), "DLQ_INVALID");
    },
  },
  {
    name: "listing ends with the signal's reason when the signal aborts",
    async run({ store }) {
      await store.append(LETTERS);
      const abort = new AbortController();
      const reason = new Error("enough");
      let seen = 0;
      let thrown: unknown;
      try {
        for await (const _ of store.list({}, { signal: abort.signal })) {
          seen++;
          abort.abort(reason);
        }
      } catch (error) {
        thrown = error;
      }
      deepStrictEqual({ seen, thrown }, { seen: 1, thrown: reason });
    },
  },
  {
    name: "a reader may stop early",
    async run({ store }) {
      await store.append(LETTERS);
      for await (const { letter } of store.list()) {
        strictEqual(letter.id, "a");
        break;
      }
      deepStrictEqual(await listedIds(store), ["a", "b", "c"]);
    },
  },
  {
    name: "a letter marked as replayed is no longer dead, and still there",
    async run({ store }) {
      await store.append(LETTERS);
      await store.markReplayed([{ id: "b", ts: TS.second }]);
      deepStrictEqual(await listedIds(store), ["a", "c"]);
      deepStrictEqual(await listedIds(store, { state: "replayed" }), ["b"]);
      deepStrictEqual(
        (await listed(store, { state: "any" })).map(({ state }) => state),
        ["dead", "replayed", "dead"],
      );
      strictEqual((await store.stats({ state: "replayed" })).count, 1);
    },
  },
  {
    name: "a mark for another version of a letter changes nothing",
    async run({ store }) {
      await store.append(LETTERS);
      await store.markReplayed([
        { id: "b", ts: TS.first },
        { id: "unknown", ts: TS.first },
      ]);
      deepStrictEqual(await listedIds(store), ["a", "b", "c"]);
    },
  },
  {
    name: "marks of two versions in either order leave the current version replayed",
    async run({ store }) {
      for (const order of [
        [TS.first, TS.second],
        [TS.second, TS.first],
      ]) {
        await store.append([TS.first, TS.second].map((ts) => sampleLetter({ ts })));
        await store.markReplayed(order.map((ts) => ({ id: sampleLetter().id, ts })));
        deepStrictEqual(await listedIds(store), []);
      }
    },
  },
  {
    name: "a replayed letter that is appended again is dead again",
    async run({ store }) {
      await store.append([sampleLetter()]);
      await store.markReplayed([sampleLetter()]);
      await store.append([sampleLetter()]);
      deepStrictEqual(await listed(store), [{ letter: sampleLetter(), state: "dead" }]);
    },
  },
  {
    name: "purge removes what matches for good, answers how many, and leaves the rest in order",
    async run({ store }) {
      await store.append(LETTERS);
      strictEqual(await store.purge({ reasons: ["rejected"] }), 1);
      deepStrictEqual(await listedIds(store, { state: "any" }), ["a", "c"]);
      strictEqual(await store.purge({ reasons: ["rejected"] }), 0);
    },
  },
  {
    name: "purging replayed letters leaves the dead ones, and an earlier version does not come back",
    async run({ store }) {
      await store.append([...LETTERS, sampleLetter({ id: "b", ts: TS.third })]);
      await store.markReplayed([{ id: "b", ts: TS.third }]);
      strictEqual(await store.purge({ state: "replayed" }), 1);
      deepStrictEqual(await listedIds(store, { state: "any" }), ["a", "c"]);
    },
  },
  {
    name: "a purged letter can be appended again",
    async run({ store }) {
      await store.append([sampleLetter()]);
      await store.purge({});
      await store.append([sampleLetter()]);
      deepStrictEqual(await listed(store), [{ letter: sampleLetter(), state: "dead" }]);
    },
  },
  {
    name: "ping proves a store that can take letters",
    async run({ store }) {
      await store.ping();
      deepStrictEqual(await listedIds(store), []);
    },
  },
  {
    name: "ping proves a store whose letters were all purged",
    async run({ store }) {
      await store.append(LETTERS);
      await store.purge({});
      await store.ping();
      deepStrictEqual(await listedIds(store, { state: "any" }), []);
    },
  },
  {
    name: "close waits for appends under way, may be called twice, and every call after it is refused",
    async run({ store }) {
      const underWay = store.append([sampleLetter()]);
      await store.close();
      await store.close({ deadlineMs: 0 });
      await underWay;
      const calls: Record<string, () => Promise<unknown>> = {
        append: async () => store.append([sampleLetter()]),
        withdraw: async () => store.withdraw(["a"]),
        list: async () => listed(store),
        markReplayed: async () => store.markReplayed([sampleLetter()]),
        purge: async () => store.purge({}),
        stats: async () => store.stats(),
        ping: async () => store.ping(),
      };
      for (const [name, call] of Object.entries(calls)) {
        deepStrictEqual([name, await refusalCode(call)], [name, "DLQ_CLOSED"]);
      }
    },
  },
];
