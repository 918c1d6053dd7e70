import { deepStrictEqual, strictEqual } from "node:assert";
import type { DeadLetter } from "../dead-letter.ts";
import { sampleLetter } from "../testing/sample-letter.ts";
import {
  listed,
  listedIds,
  listedLetters,
  refusalCode,
  withAnother,
  type DeadLetterStoreCase,
} from "./store-case.ts";

const FULL_LETTER: DeadLetter = sampleLetter({
  id: "clickhouse:quakes/batch-7:3",
  source: "queue:quakes",
  target: "clickhouse:quakes",
  reason: "rejected",
  code: "CANNOT_PARSE_NUMBER",
  fence: 7,
  token: "0199-batch-7:3-3",
  headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "": "empty name" },
  replays: 2,
});

/** Every text that has broken a store before. */
const HARD_TEXTS: readonly string[] = [
  "",
  "\0 NUL \0",
  "line\nbreaks\r\nof\u2028all\u2029kinds",
  "lone \ud800 surrogates \udfff",
  "𝒰nicode, العربية, 日本語, 👩‍👩‍👧",
  '","payload":{"x":1}}',
  "\\u0000 \\ \" ' ` ; -- $1 %s {} []",
];

const HARD_JSON: readonly string[] = [
  "null",
  '""',
  '{ "spaces" :  [ 1 , 2.50 ] , "big": 12345678901234567890 }',
  '{\n  "lines": "of JSON",\r\n  "more": [\n]\n}',
  '"lone \ud800 surrogate"',
  '{"payload":{"payload":"}"},"bytes":1}',
  '{"same":1,"same":2}',
];

/** Appending, replacing and taking back. */
export const APPEND_CASES: readonly DeadLetterStoreCase[] = [
  {
    name: "a letter comes back with every field as it was appended",
    async run({ store }) {
      await store.append([FULL_LETTER, sampleLetter()]);
      deepStrictEqual(await listedLetters(store), [FULL_LETTER, sampleLetter()]);
    },
  },
  {
    name: "an empty append is done at once",
    async run({ store }) {
      await store.append([]);
      deepStrictEqual(await listedIds(store), []);
    },
  },
  {
    name: "letters stand in the order in which they were appended",
    async run({ store }) {
      await store.append(["c", "a"].map((id) => sampleLetter({ id })));
      await store.append([sampleLetter({ id: "b" })]);
      deepStrictEqual(await listedIds(store), ["c", "a", "b"]);
    },
  },
  {
    name: "a later letter with the same id replaces the earlier and moves to the end",
    async run({ store }) {
      await store.append(["a", "b"].map((id) => sampleLetter({ id })));
      const later = sampleLetter({ id: "a", ts: "2026-11-23T09:00:00.000Z", message: "again" });
      await store.append([later]);
      deepStrictEqual(await listedIds(store), ["b", "a"]);
      deepStrictEqual((await listedLetters(store))[1], later);
    },
  },
  {
    name: "of two letters with the same id in one append the last one counts",
    async run({ store }) {
      await store.append(["first", "last"].map((message) => sampleLetter({ message })));
      deepStrictEqual(
        (await listedLetters(store)).map(({ message }) => message),
        ["last"],
      );
    },
  },
  {
    name: "any text comes back as it was, in every field that holds text",
    async run({ store }) {
      const letters = HARD_TEXTS.map((text, at) =>
        sampleLetter({
          id: `${at}${text}`,
          source: text,
          target: text,
          token: text,
          headers: { [text]: text },
          encoding: "text",
          payload: text,
        }),
      );
      await store.append(letters);
      deepStrictEqual(await listedLetters(store), letters);
    },
  },
  {
    name: "JSON text comes back to the byte, line breaks and all",
    async run({ store }) {
      const letters = HARD_JSON.map((payload, at) => sampleLetter({ id: `json ${at}`, payload }));
      await store.append(letters);
      deepStrictEqual(await listedLetters(store), letters);
    },
  },
  {
    name: "a payload of one mebibyte comes back whole",
    async run({ store }) {
      const payload = JSON.stringify("é".repeat(524_288));
      await store.append([sampleLetter({ payload })]);
      const [stored] = await listed(store);
      strictEqual(stored?.letter.payload === payload, true);
    },
  },
  {
    name: "what is not a dead letter is refused, and nothing of that append is stored",
    async run({ store }) {
      const wrong = { ...sampleLetter({ id: "wrong" }), reason: "tired" } as unknown as DeadLetter;
      strictEqual(await refusalCode(async () => store.append([sampleLetter(), wrong])), "DLQ_INVALID");
      deepStrictEqual(await listedIds(store), []);
    },
  },
  {
    name: "a secret in a message is masked before the letter is stored, and a long message is cut",
    async run({ store }) {
      const message = `postgres://quakes:correct-horse@db/quakes refused ${"x".repeat(4_000)}`;
      await store.append([sampleLetter({ message, errors: [{ ts: sampleLetter().ts, message }] })]);
      const [stored] = await listedLetters(store);
      strictEqual(JSON.stringify(stored).includes("correct-horse"), false);
      strictEqual((stored?.message.length ?? Infinity) <= 1_024, true);
      strictEqual((stored?.errors[0]?.message.length ?? Infinity) <= 1_024, true);
    },
  },
  {
    name: "a withdrawn letter is gone, and unknown ids are passed over",
    async run({ store }) {
      await store.append(["a", "b"].map((id) => sampleLetter({ id })));
      await store.withdraw(["a", "never seen"]);
      deepStrictEqual(await listedIds(store, { state: "any" }), ["b"]);
    },
  },
  {
    name: "a letter appended after it was withdrawn is dead again",
    async run({ store }) {
      await store.append([sampleLetter()]);
      await store.withdraw([sampleLetter().id]);
      await store.append([sampleLetter()]);
      deepStrictEqual(await listed(store), [{ letter: sampleLetter(), state: "dead" }]);
    },
  },
  {
    name: "appends from two stores side by side are all kept",
    run: withAnother(async (store, another) => {
      const ids = Array.from({ length: 40 }, (_, at) => `side by side ${at}`);
      await Promise.all(
        ids.map(async (id, at) => (at % 2 === 0 ? store : another).append([sampleLetter({ id })])),
      );
      deepStrictEqual((await listedIds(another)).toSorted(), ids.toSorted());
      deepStrictEqual(await listedIds(store), await listedIds(another));
    }),
  },
  {
    name: "letters are there for another store that has the same place",
    run: withAnother(async (store, another) => {
      await store.append([FULL_LETTER]);
      deepStrictEqual(await listedLetters(another), [FULL_LETTER]);
    }),
  },
];
