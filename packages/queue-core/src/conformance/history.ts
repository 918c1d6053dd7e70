import type * as FastCheck from "fast-check";
import type { NewJob, Priority } from "../protocol.ts";

/** What of fast-check is used: its default export has it, and so has its namespace. */
export type FastCheckModule = Pick<
  typeof FastCheck,
  | "array"
  | "assert"
  | "asyncProperty"
  | "boolean"
  | "constant"
  | "constantFrom"
  | "integer"
  | "nat"
  | "oneof"
  | "option"
  | "record"
  | "string"
>;

/** A duration in units of ten seconds; what is added makes each step's durations its own. */
type Units = number;

/** A settlement of a delivery that the history has seen; the number is taken modulo how many there are. */
export interface HistorySettlement {
  readonly delivery: number;
  readonly outcome: "done" | "retry" | "release" | "dead";
  readonly delay: Units;
  readonly counts: boolean;
}

export interface HistoryJob extends Pick<NewJob, "id" | "body"> {
  readonly delay: Units;
  readonly priority: Priority;
  readonly dedupKey: string | undefined;
  readonly dedupTtl: Units;
  readonly expiresIn: Units;
  readonly maxDeliveries: number;
}

/** One call, as data that shrinks and prints well. */
export type HistoryStep =
  | { readonly verb: "enqueue"; readonly jobs: readonly HistoryJob[] }
  | { readonly verb: "dequeue"; readonly max: number; readonly lease: Units }
  | { readonly verb: "settle"; readonly settlements: readonly HistorySettlement[] }
  | { readonly verb: "extend"; readonly deliveries: readonly number[]; readonly lease: Units }
  | { readonly verb: "advance"; readonly by: Units }
  | { readonly verb: "cancel"; readonly ids: readonly string[] }
  | { readonly verb: "runNow"; readonly id: string }
  | { readonly verb: "get"; readonly id: string }
  | { readonly verb: "pause" | "resume" | "clear" | "metrics" | "browse" };

export interface History {
  readonly maxDepth: number | undefined;
  readonly steps: readonly HistoryStep[];
}

/** Few ids and keys, so that histories meet themselves. */
const IDS = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;
const KEYS = ["k1", "k2", "k3"] as const;

/** Histories of calls, weighted towards those that move jobs. */
export function histories(
  fc: FastCheckModule,
  maxSteps: number,
  withAdmin: boolean,
): FastCheck.Arbitrary<History> {
  const id = fc.constantFrom(...IDS);
  const units = (max: number): FastCheck.Arbitrary<Units> => fc.nat({ max });
  const job: FastCheck.Arbitrary<HistoryJob> = fc.record({
    id,
    body: fc.string({ unit: "grapheme", maxLength: 4 }),
    delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, units(3)),
    priority: fc.constantFrom("normal", "normal", "high", "low"),
    dedupKey: fc.option(fc.constantFrom(...KEYS), { nil: undefined, freq: 2 }),
    dedupTtl: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, units(4)),
    expiresIn: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, units(4)),
    maxDeliveries: fc.integer({ min: 1, max: 4 }),
  });
  const settlement: FastCheck.Arbitrary<HistorySettlement> = fc.record({
    delivery: fc.nat(30),
    outcome: fc.constantFrom("done", "retry", "release", "dead"),
    delay: units(2),
    counts: fc.boolean(),
  });
  const verb = <Verb extends string>(name: Verb): FastCheck.Arbitrary<{ readonly verb: Verb }> =>
    fc.constant({ verb: name });
  const admin = [
    call(1, fc.record({ verb: fc.constant("cancel"), ids: fc.array(id, { minLength: 1, maxLength: 3 }) })),
    call(1, fc.record({ verb: fc.constant("runNow"), id })),
    call(1, fc.record({ verb: fc.constant("get"), id })),
    call(1, verb("pause")),
    call(2, verb("resume")),
    call(1, verb("browse")),
    call(1, verb("clear")),
  ];
  const step = fc.oneof(
    call(6, fc.record({ verb: fc.constant("enqueue"), jobs: fc.array(job, { minLength: 1, maxLength: 4 }) })),
    call(
      6,
      fc.record({ verb: fc.constant("dequeue"), max: fc.integer({ min: 1, max: 5 }), lease: units(3) }),
    ),
    call(
      5,
      fc.record({
        verb: fc.constant("settle"),
        settlements: fc.array(settlement, { minLength: 1, maxLength: 4 }),
      }),
    ),
    call(
      2,
      fc.record({
        verb: fc.constant("extend"),
        deliveries: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
        lease: units(3),
      }),
    ),
    call(4, fc.record({ verb: fc.constant("advance"), by: fc.integer({ min: 1, max: 3 }) })),
    call(2, verb("metrics")),
    ...(withAdmin ? admin : []),
  );
  return fc.record({
    maxDepth: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    steps: fc.array(step, { minLength: 1, maxLength: maxSteps }),
  });
}

/** Milliseconds that the clock moves by. */
export function advanceMs(by: Units): number {
  return by * 10_000;
}

/**
 * Milliseconds of a duration in the step with this number.
 *
 * Whole tens of seconds would put an end exactly where time stops, and a server's clock, which runs on a little between
 * two calls, would fall on the other side of it. So each ends two seconds and more past them; and since each step adds
 * something of its own, no two steps' ends meet, in an order that the server's clock could turn round.
 */
export function durationMs(units: Units, step: number): number {
  return units * 10_000 + 2_000 + step * 50;
}

/** A step as one of several, to be drawn so often. */
function call<Step extends HistoryStep>(
  weight: number,
  arbitrary: FastCheck.Arbitrary<Step>,
): { weight: number; arbitrary: FastCheck.Arbitrary<HistoryStep> } {
  return { weight, arbitrary };
}
