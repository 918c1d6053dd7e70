import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { Delivery } from "../protocol.ts";
import { idsOf, manyIds, type CaseSession } from "./case-session.ts";
import { defineCase, type ConformanceCase } from "./conformance-case.ts";

/** Rules 8 and 9: what a delivery and a failure are, and that no job takes workers down for ever. */
export const COUNT_CASES: readonly ConformanceCase[] = [
  defineCase({
    rule: 8,
    name: "each hand-out is a delivery, a release takes its one back, and only a retry that counts is a failure",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a");
      const seen: [deliveryCount: number, failures: number][] = [];
      const see = ({ deliveryCount, failures }: Delivery): number => seen.push([deliveryCount, failures]);

      const first = await session.takeOne("a");
      see(first);
      await session.settle({ outcome: "retry", delayMs: 0, error: "one" }, first);
      const second = await session.takeOne("a");
      see(second);
      await session.settle({ outcome: "release" }, second);
      const third = await session.takeOne("a");
      see(third);
      await session.settle({ outcome: "retry", delayMs: 0, counts: false }, third);
      see(await session.takeOne("a"));
      const [fifth] = await session.takeAfterLeases();
      if (fifth === undefined) throw new Error("expected the job to be reclaimed");
      see(fifth);

      deepStrictEqual(seen, [
        [1, 0],
        [2, 1],
        [2, 1],
        [3, 1],
        [4, 1],
      ]);
      await session.expectMetrics({ failed: 1, retried: 2, reclaimed: 1 });
    },
  }),
  defineCase({
    rule: 8,
    name: "the last five failures are remembered, oldest first",
    async check(session) {
      await session.enqueue("a");
      for (let failure = 1; failure <= 7; failure++) {
        const delivery = await session.takeOne("a");
        strictEqual(delivery.errors.length, Math.min(5, failure - 1));
        await session.settle({ outcome: "retry", delayMs: 0, error: `failure ${failure}` }, delivery);
      }
      const { errors, failures } = await session.takeOne("a");
      strictEqual(failures, 7);
      deepStrictEqual(
        errors.map(({ message }) => message),
        [3, 4, 5, 6, 7].map((failure) => `failure ${failure}`),
      );
      const times = errors.map(({ at }) => at);
      deepStrictEqual(
        times,
        times.toSorted((left, right) => left - right),
      );
    },
  }),
  defineCase({
    rule: 8,
    name: "an error's text keeps any character, and is cut where it is over 1 KiB",
    async check(session) {
      await session.enqueue("a");
      for (const error of ['NUL \0, quote ", \\ and 👩‍👩‍👧\nline', "x".repeat(5_000), "💥".repeat(1_000)]) {
        await session.settle({ outcome: "retry", delayMs: 0, error }, await session.takeOne("a"));
      }
      const messages = (await session.takeOne("a")).errors.map(({ message }) => message);
      deepStrictEqual(messages, ['NUL \0, quote ", \\ and 👩‍👩‍👧\nline', "x".repeat(1_024), "💥".repeat(512)]);
    },
  }),
  defineCase({
    rule: 8,
    name: "a delivery tells when its job was enqueued and when its lease ends, on one clock",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("a");
      await session.advance(60_000);
      const { enqueuedAt, leaseUntil, job, suspect, exhausted } = await session.takeOne("a");
      const ageMs = leaseUntil - 30_000 - enqueuedAt;
      ok(ageMs >= 59_999 && ageMs < 80_000, `expected an age of about 60 000 ms, got ${ageMs}`);
      deepStrictEqual([job.priority, suspect, exhausted], ["normal", false, false]);
    },
  }),
  defineCase({
    rule: 9,
    name: "a job that was reclaimed twice is a suspect and is handed out alone",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue("suspect");
      deepStrictEqual([(await session.takeOne("suspect")).suspect], [false]);
      const [once] = await session.takeAfterLeases(1);
      strictEqual(once?.suspect, false);
      await session.enqueue("before");
      // The second reclaim puts the suspect behind this one, and more come behind the suspect.
      const [before] = await session.takeAfterLeases(1);
      strictEqual(before?.job.id, "before");
      await session.enqueue("behind", "last");
      await session.settle({ outcome: "release" }, before);

      deepStrictEqual(await session.takeIds(), ["before"]);
      const alone = await session.take();
      deepStrictEqual(idsOf(alone), ["suspect"]);
      deepStrictEqual([alone[0]?.suspect, alone[0]?.deliveryCount], [true, 3]);
      deepStrictEqual(await session.takeIds(), ["behind", "last"]);
    },
  }),
  defineCase({
    rule: 9,
    name: "many suspects at once come one by one, and all of them come",
    needs: ["advanceClock"],
    async check(session) {
      const ids = manyIds("job", 5);
      await session.enqueue(...ids);
      await session.take();
      await session.takeAfterLeases();
      await session.advance(32_000);
      const batches = [];
      for (let round = 0; round < 6; round++) batches.push(await session.takeIds());
      deepStrictEqual(batches, [...ids.map((id) => [id]), []]);
    },
  }),
  defineCase({
    rule: 9,
    name: "a delivery above maxDeliveries is marked exhausted, and none before it",
    async check(session) {
      await session.enqueue({ id: "three", body: "", maxDeliveries: 3 });
      deepStrictEqual(await exhaustedFlags(session, 5), [false, false, false, true, true]);
    },
  }),
  defineCase({
    rule: 9,
    name: "a job is exhausted after twenty deliveries unless it says otherwise",
    async check(session) {
      await session.enqueue("twenty");
      const flags = await exhaustedFlags(session, 21);
      deepStrictEqual([flags.indexOf(true), flags.length], [20, 21]);
    },
  }),
  defineCase({
    rule: 9,
    name: "a job that kills each of its workers comes to its end",
    needs: ["advanceClock"],
    async check(session) {
      await session.enqueue({ id: "killer", body: "", maxDeliveries: 4 });
      const flags = [(await session.takeOne("killer")).exhausted];
      while (!flags.includes(true) && flags.length < 10) {
        flags.push(...(await session.takeAfterLeases()).map(({ exhausted }) => exhausted));
      }
      deepStrictEqual(flags, [false, false, false, false, true]);
    },
  }),
];

/** Whether each of the next deliveries of the only job is exhausted. */
async function exhaustedFlags(session: CaseSession, count: number): Promise<boolean[]> {
  const flags: boolean[] = [];
  for (let delivery = 0; delivery < count; delivery++) {
    const taken = await session.takeOne();
    flags.push(taken.exhausted);
    await session.settle({ outcome: "retry", delayMs: 0, counts: false }, taken);
  }
  return flags;
}
