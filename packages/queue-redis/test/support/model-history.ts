import type { Delivery, NewJob, QueueBackend, Receipt, Settlement } from "@chimera/queue-core";
import fc from "fast-check";

/** One step of a history. Receipts and jobs are named by number, so that a history means the same on every backend. */
export type Step =
  | { readonly verb: "enqueue"; readonly jobs: readonly NewJob[] }
  | { readonly verb: "dequeue"; readonly max: number; readonly leaseMs: number }
  | { readonly verb: "settle"; readonly picks: readonly Pick[] }
  | { readonly verb: "turn"; readonly picks: readonly Pick[]; readonly max: number; readonly leaseMs: number }
  | { readonly verb: "extend"; readonly picks: readonly number[]; readonly leaseMs: number }
  | { readonly verb: "advance"; readonly durationMs: number }
  | { readonly verb: "cancel"; readonly ids: readonly string[] }
  | { readonly verb: "runNow" | "get"; readonly id: string }
  | { readonly verb: "pause" | "resume" | "clear" | "metrics" };

/** A settlement of the delivery with this number, counted back from the latest. */
export interface Pick {
  readonly back: number;
  readonly end: "done" | "dead" | "release" | "retry";
  readonly delayMs: number;
  readonly counts: boolean;
}

const id = fc.constantFrom("b", "a", "d", "c", "f", "e", "h", "g");
/** The first fresh ids of a history, to be asked for. */
const freshId = fc.constantFrom("fresh-0", "fresh-1", "fresh-2", "fresh-3", "fresh-4", "fresh-5");
const duration = fc.constantFrom(1, 99, 100, 500, 1_000, 5_000);
const job: fc.Arbitrary<NewJob> = fc.record(
  {
    id,
    body: fc.string({ unit: "grapheme", maxLength: 8 }),
    delayMs: fc.constantFrom(0, 100, 1_000),
    priority: fc.constantFrom("high", "normal", "low"),
    dedupKey: fc.constantFrom("k", "schlüssel", 'q"\n'),
    expiresInMs: fc.constantFrom(100, 1_000),
    maxDeliveries: fc.constantFrom(1, 2, 3),
    headers: fc.constant({ "x-y": 'a"\n' }),
  },
  { requiredKeys: ["id", "body"] },
);
const withTtl = fc
  .tuple(job, fc.constantFrom(100, 1_000))
  .map(([each, dedupTtlMs]) =>
    each.dedupKey === undefined ? each : Object.assign({}, each, { dedupTtlMs }),
  );
const fresh: fc.Arbitrary<NewJob> = fc.record(
  {
    id: fc.constant("fresh"),
    fresh: fc.constant(true),
    body: fc.oneof(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constant("x".repeat(2_000))),
    delayMs: fc.constantFrom(0, 0, 100),
    priority: fc.constantFrom("high", "normal", "normal", "low"),
    maxDeliveries: fc.constantFrom(1, 2, 3),
    headers: fc.constant({ "x-y": 'a"\n' }),
  },
  { requiredKeys: ["id", "fresh", "body"] },
);
const freshAndPlain: fc.Arbitrary<NewJob> = fc.record({
  id: fc.constant("fresh"),
  fresh: fc.constant(true),
  body: fc.string({ unit: "grapheme", maxLength: 8 }),
});
const pick: fc.Arbitrary<Pick> = fc.record({
  back: fc.nat(8),
  end: fc.constantFrom("done", "dead", "release", "retry"),
  delayMs: fc.constantFrom(0, 100, 1_000),
  counts: fc.boolean(),
});

/** A history of steps, often deliveries and settlements. */
export const history: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          verb: fc.constant("enqueue" as const),
          jobs: fc.oneof(
            fc.array(fc.oneof(job, withTtl, fresh), { minLength: 1, maxLength: 5 }),
            fc.array(freshAndPlain, { minLength: 1, maxLength: 5 }),
          ),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          verb: fc.constant("dequeue" as const),
          max: fc.integer({ min: 1, max: 4 }),
          leaseMs: duration.filter((ms) => ms >= 100),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          verb: fc.constant("settle" as const),
          picks: fc.array(pick, { minLength: 1, maxLength: 4 }),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          verb: fc.constant("turn" as const),
          picks: fc.array(pick, { minLength: 1, maxLength: 4 }),
          max: fc.integer({ min: 1, max: 4 }),
          leaseMs: duration.filter((ms) => ms >= 100),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          verb: fc.constant("extend" as const),
          picks: fc.array(fc.nat(8), { minLength: 1, maxLength: 4 }),
          leaseMs: duration.filter((ms) => ms >= 100),
        }),
      },
      { weight: 4, arbitrary: fc.record({ verb: fc.constant("advance" as const), durationMs: duration }) },
      {
        weight: 2,
        arbitrary: fc.record({
          verb: fc.constant("cancel" as const),
          ids: fc.array(fc.oneof(id, freshId), { minLength: 1, maxLength: 3 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          verb: fc.constantFrom("runNow" as const, "get" as const),
          id: fc.oneof(id, freshId),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          verb: fc.constantFrom(
            "pause" as const,
            "resume" as const,
            "resume" as const,
            "clear" as const,
            "metrics" as const,
            "metrics" as const,
          ),
        }),
      },
    ),
    { minLength: 5, maxLength: 60, size: "max" },
  )
  .map(numberFresh);

/** Gives each fresh job an id that no other has. */
function numberFresh(steps: Step[]): Step[] {
  let count = 0;
  const numbered = (each: NewJob): NewJob =>
    each.fresh === true ? { ...each, id: `fresh-${count++}` } : each;
  return steps.map((step) => (step.verb === "enqueue" ? { ...step, jobs: step.jobs.map(numbered) } : step));
}

/** A backend with its clock in the hand of a test. */
export interface Played {
  readonly backend: QueueBackend;
  advance(durationMs: number): Promise<void>;
}

/** Plays a history and answers everything that a caller can see, without what is random by design. */
export async function play(played: Played, steps: readonly Step[]): Promise<unknown[]> {
  const { backend } = played;
  const receipts: Receipt[] = [];
  const receiptAt = (back: number): Receipt[] =>
    receipts.slice(-1 - back)[0] === undefined ? [] : [receipts.at(-1 - back) ?? (receipts[0] as Receipt)];
  const fences = new Map<string, number>();
  const seen: unknown[] = [];
  for (const step of steps) seen.push([step.verb, await answer(step)]);
  return seen;

  async function answer(step: Step): Promise<unknown> {
    const { admin } = backend;
    switch (step.verb) {
      case "enqueue":
        return backend.enqueue(step.jobs);
      case "dequeue":
        return (await backend.dequeue(step)).map(shown);
      case "settle":
        return backend.settle(settlementsOf(step.picks));
      case "turn": {
        const settlements = settlementsOf(step.picks);
        // A caller without it settles and then dequeues: both have to come to the same.
        const reply = await backend.settleAndDequeue?.(settlements, step);
        return {
          results: reply?.results ?? (await backend.settle(settlements)),
          deliveries: (reply?.deliveries ?? (await backend.dequeue(step))).map(shown),
        };
      }
      case "extend":
        return backend.extend(step.picks.flatMap(receiptAt), step.leaseMs);
      case "advance":
        return played.advance(step.durationMs);
      case "cancel":
        return admin?.cancel([...new Set(step.ids)]);
      case "runNow":
        return admin?.runNow(step.id);
      case "get":
        return admin?.get(step.id);
      case "pause":
        return admin?.pause();
      case "resume":
        return admin?.resume();
      case "clear":
        return admin?.clear();
      case "metrics":
        // Latency is drawn from a sample of the settlements, stale ones among them.
        return { ...(await backend.metrics()), durability: "any", latency: "sampled" };
      default:
        return undefined;
    }
  }

  function settlementsOf(picks: readonly Pick[]): Settlement[] {
    return picks.flatMap((each) => receiptAt(each.back).map((receipt) => settlement(receipt, each)));
  }

  function shown({ receipt, fence, ...rest }: Delivery): unknown {
    receipts.push(receipt);
    const grows = fence > (fences.get(rest.job.id) ?? 0);
    fences.set(rest.job.id, fence);
    return { ...rest, grows };
  }
}

function settlement(receipt: Receipt, { end, delayMs, counts }: Pick): Settlement {
  if (end === "retry") return { receipt, outcome: end, delayMs, counts, error: `failed ${delayMs}` };
  return end === "done" ? { receipt, outcome: end, durationMs: delayMs } : { receipt, outcome: end };
}
