import { MemoryDeadLetterStore } from "@chimera/dlq";
import { expect, it } from "vitest";

import { letterPage } from "../../../src/cockpit/letter-page.ts";
import type { LetterPageRequest } from "../../../src/cockpit/letter-page.ts";
import { letter } from "../../support/letters.ts";

const EVERYTHING: LetterPageRequest = { filter: {}, text: "", limit: 10 };
const { signal } = new AbortController();

/** A store of letters `l-0` to `l-<count - 1>`, one a second, but each third one at the moment of the one before it. */
async function storeOf(count: number): Promise<MemoryDeadLetterStore> {
  const store = new MemoryDeadLetterStore();
  const second = (index: number): number => (index % 3 === 2 ? index - 1 : index);
  await store.append(
    Array.from({ length: count }, (_, index) =>
      letter(`l-${String(index).padStart(3, "0")}`, { ts: new Date(1_000 * second(index)).toISOString() }),
    ),
  );
  return store;
}

it("gives the newest first, every letter once, however small the pages are", async () => {
  await using store = await storeOf(100);
  const seen: string[] = [];
  let request: LetterPageRequest | undefined = { ...EVERYTHING, limit: 7 };
  while (request !== undefined) {
    const { letters, next } = await letterPage(store, request, signal);
    seen.push(...letters.map(({ id }) => id));
    request = next === null ? undefined : { ...EVERYTHING, limit: 7, before: next };
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => `l-${String(99 - index).padStart(3, "0")}`));
});

it("goes on behind a letter that is gone by then", async () => {
  await using store = await storeOf(10);
  const first = await letterPage(store, { ...EVERYTHING, limit: 3 }, signal);
  await store.purge({ ids: [first.next?.id ?? ""] });
  const before = first.next ?? undefined;
  expect(before).toBeDefined();
  const second = await letterPage(store, { ...EVERYTHING, limit: 3, ...(before && { before }) }, signal);
  expect(second.letters.map(({ id }) => id)).toEqual(["l-006", "l-005", "l-004"]);
});

it("finds a text in message, id, code and source, whatever its case, and shows no payload", async () => {
  await using store = new MemoryDeadLetterStore();
  await store.append([
    letter("by-id-Needle"),
    letter("b", { message: "a nEEdle in hay" }),
    letter("c", { code: "NEEDLE" }),
    letter("d", { source: "queue:needle" }),
    letter("e", { payload: '"needle"' }),
  ]);
  const { letters } = await letterPage(store, { ...EVERYTHING, text: "needle" }, signal);
  expect(letters.map(({ id }) => id).toSorted()).toEqual(["b", "by-id-Needle", "c", "d"]);
  expect(letters.every((row) => !("payload" in row))).toBe(true);
});

it("keeps to the filter, also where a page has its own end", async () => {
  await using store = await storeOf(10);
  const filter = { until: "1970-01-01T00:00:04.000Z" };
  const { letters } = await letterPage(
    store,
    { ...EVERYTHING, filter, before: { ts: "1970-01-01T00:00:09.000Z", id: "l-009" } },
    signal,
  );
  expect(letters.map(({ id }) => id)).toEqual(["l-003", "l-002", "l-001", "l-000"]);
});
