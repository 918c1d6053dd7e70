import fc from "fast-check";
import { expect, test } from "vitest";
import { JobRecord, JournalMark } from "../../../src/local/job-record.ts";
import { termsOf } from "../../../src/local/job-terms.ts";
import { PackedJobs } from "../../../src/local/packed-jobs.ts";
import { ReadyList } from "../../../src/local/ready-list.ts";
import { Slabs } from "../../../src/local/slab.ts";

const TERMS = termsOf({ id: "job", body: "" }, undefined, 0);
const OTHER_TERMS = termsOf({ id: "job", body: "", headers: { trace: "t" } }, undefined, 0);
const TROUBLES = Object.freeze({ failures: 2, reclaims: 1, errors: Object.freeze([]) });

interface Described {
  readonly body: string;
  readonly at: number;
  readonly order: number;
  readonly deliveryCount: number;
  readonly headers: boolean;
  readonly troubled: boolean;
}

function recordOf(
  { body, at, order, deliveryCount, headers, troubled }: Described,
  place: number,
): JobRecord {
  const record = new JobRecord(`job-${place}`, body, headers ? OTHER_TERMS : TERMS, at - 1, undefined);
  Object.assign(record, { state: "ready", at, order, deliveryCount, heapIndex: place });
  if (troubled) record.troubles = TROUBLES;
  return record;
}

const ascii = fc.string({ unit: "binary-ascii", maxLength: 40 });
/** Any 16-bit units, lone surrogates among them. */
const units = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));

function described(body: fc.Arbitrary<string>): fc.Arbitrary<Described> {
  return fc.record({
    body,
    at: fc.nat(2 ** 40),
    order: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    deliveryCount: fc.nat(30),
    headers: fc.boolean(),
    troubled: fc.boolean(),
  });
}

test("jobs come out of their slab as they went in, whatever their text, and slabs serve again", () => {
  const slabs = new Slabs();
  const batches = fc.array(
    fc.oneof(
      fc.array(described(ascii), { minLength: 1, maxLength: 30 }),
      fc.array(described(units), { minLength: 1, maxLength: 30 }),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(batches, (history) => {
      const records = history.map((batch) => batch.map((job, index) => recordOf(job, 256 + index)));
      const packed = records.map((batch) => PackedJobs.of(batch, slabs));
      expect(packed.map((batch) => batch?.unpack(256, slabs))).toStrictEqual(records);
    }),
  );
});

test("a job that an index or a journal may hold is left alone, and so are jobs too large to move at once", () => {
  const plain = { body: "{}", at: 1, order: 1, deliveryCount: 0, headers: false, troubled: false };
  const indexed = recordOf(plain, 0);
  indexed.hash = 1;
  const journaled = new JobRecord("job-0", "{}", TERMS, 0, new JournalMark());
  const large = recordOf({ ...plain, body: "x".repeat(2 ** 20) }, 0);
  for (const record of [indexed, journaled, large]) {
    expect(PackedJobs.of([recordOf(plain, 1), record], new Slabs())).toBeUndefined();
  }
});

test("a deep list hands its jobs out in order, whatever comes before and behind", { timeout: 60_000 }, () => {
  const steps = fc.array(
    fc.record({
      verb: fc.constantFrom(
        "tail" as const,
        "tail" as const,
        "head" as const,
        "shift" as const,
        "look" as const,
      ),
      count: fc.nat(4_000),
    }),
    { maxLength: 10 },
  );
  const made = (number: number): JobRecord =>
    new JobRecord(
      `job${number}`,
      number % 1_000 === 0 ? "ä\ud800" : `body ${number}`,
      TERMS,
      number,
      undefined,
    );
  const shown = ({ id, body, enqueuedAt }: JobRecord): string => `${id} ${body} ${enqueuedAt}`;
  fc.assert(
    fc.property(steps, (history) => {
      const list = new ReadyList();
      const expected: string[] = [];
      let number = 0;
      const shift = (): string | undefined => {
        const { head } = list;
        if (head !== undefined) list.remove(head);
        return head && shown(head);
      };
      for (const { verb, count } of history) {
        const all = verb === "look" ? [...list.values()].map(shown) : expected;
        expect(all).toEqual(expected);
        const gone = verb === "shift" ? expected.splice(0, count) : [];
        expect(gone.map(shift)).toEqual(gone);
        // Few go back to the head at once: a pass reclaims 250 at most.
        for (let done = 0; verb === "head" ? done < count / 16 : verb === "tail" && done < count; done++) {
          const record = made(++number);
          if (verb === "tail") list.pushTail(record, number);
          else list.pushHead(record, number);
          if (verb === "tail") expected.push(shown(record));
          else expected.unshift(shown(record));
        }
        expect(list.size).toBe(expected.length);
      }
      expect(expected.map(shift)).toEqual(expected);
      expect(list.head).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});
