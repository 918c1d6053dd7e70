import { truncate, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeLetter } from "../../src/file/line-codec.ts";
import { MemoryDeadLetterStore, type DeadLetterStore, type StoredDeadLetter } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { fileDesk } from "../support/file-desk.ts";
import { anyLetter, parameters } from "./arbitraries.ts";

const IDS = ["a", "b", "c", "d"] as const;
const MOMENTS = ["2026-11-23T08:00:00.000Z", "2026-11-23T09:00:00.000Z"] as const;
const REASONS = ["poison", "invalid"] as const;

const anyVersion = fc.record({ id: fc.constantFrom(...IDS), ts: fc.constantFrom(...MOMENTS) });

type Step = (store: DeadLetterStore) => Promise<unknown>;
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.record({ version: anyVersion, reason: fc.constantFrom(...REASONS) }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((all): Step => {
        const letters = all.map(({ version, reason }) => sampleLetter({ ...version, reason }));
        return async (store) => store.append(letters);
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...IDS).map(
      (id): Step =>
        async (store) =>
          store.withdraw([id]),
    ),
  },
  {
    weight: 2,
    arbitrary: anyVersion.map(
      (version): Step =>
        async (store) =>
          store.markReplayed([version]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ state: fc.constantFrom("dead", "replayed", "any"), reasons: fc.subarray([...REASONS]) })
      .map(
        (filter): Step =>
          async (store) =>
            store.purge(filter),
      ),
  },
);

async function contents(store: DeadLetterStore): Promise<StoredDeadLetter[]> {
  const all: StoredDeadLetter[] = [];
  for await (const stored of store.list({ state: "any" })) all.push(stored);
  return all;
}

describe("FileDeadLetterStore", () => {
  it("does what a store in memory does, whatever is asked of it in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 20 }), async (steps) => {
        await using at = await fileDesk({ rotateBytes: 4_096 });
        const model = new MemoryDeadLetterStore();
        for (const step of steps) {
          expect(await step(at.store)).toEqual(await step(model));
          expect(await contents(at.store)).toEqual(await contents(model));
        }
        for (const state of ["dead", "replayed", "any"] as const) {
          const { bytes: _bytes, ...stats } = await at.store.stats({ state });
          const { bytes: _modelBytes, ...expected } = await model.stats({ state });
          expect(stats).toEqual(expected);
        }
      }),
      { ...parameters, numRuns: 60 },
    );
  }, 60_000);

  it("reads every whole line before a cut, at whatever byte the file was cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyLetter, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (letters, seed) => {
          await using at = await fileDesk();
          const lines = letters.map((letter, index) =>
            Buffer.from(encodeLetter({ ...letter, id: `${index}` })),
          );
          const file = Buffer.concat(lines);
          const cut = seed % (file.length + 1);
          await writeFile(at.path, file);
          await truncate(at.path, cut);
          let end = 0;
          // A line without its line break is whole as well.
          const whole = lines.filter((line) => (end += line.length) - 1 <= cut).length;
          expect((await contents(at.store)).map(({ letter }) => letter.id)).toEqual(
            letters.slice(0, whole).map((_, index) => `${index}`),
          );
          await at.store.append([sampleLetter({ id: "after" })]);
          const after = await at.store.stats();
          expect(after.count).toBe(whole + 1);
          expect(after.unreadable).toBeLessThanOrEqual(1);
        },
      ),
      { ...parameters, numRuns: 100 },
    );
  }, 60_000);
});
