import type { Step } from "./model-history.ts";

const enqueue = (...ids: string[]): Step => ({ verb: "enqueue", jobs: ids.map((id) => ({ id, body: "" })) });
const enqueueFresh = (...ids: string[]): Step => ({
  verb: "enqueue",
  jobs: ids.map((id) => ({ id, fresh: true, body: "" })),
});
const dequeue = (max: number, leaseMs: number): Step => ({ verb: "dequeue", max, leaseMs });
const extend = (back: number, leaseMs: number): Step => ({ verb: "extend", picks: [back], leaseMs });
const advance = (durationMs: number): Step => ({ verb: "advance", durationMs });
const done = (back: number): Step => ({
  verb: "settle",
  picks: [{ back, end: "done", delayMs: 0, counts: false }],
});

/** Histories that random ones have found: each once looked different on Redis. */
export const FOUND_HISTORIES: readonly Step[][] = [
  // A call whose one job left has a lease of its own.
  [
    enqueue("a", "b"),
    dequeue(2, 500),
    extend(0, 1_000),
    { verb: "cancel", ids: ["b"] },
    advance(1_001),
    dequeue(1, 5_000),
  ],
  // A lease of its own that ends together with the one of its call.
  [
    enqueue("b", "g", "c"),
    dequeue(3, 500),
    extend(1, 500),
    done(2),
    advance(5_000),
    dequeue(1, 500),
    dequeue(1, 500),
  ],
  // A lease of its own that ended before the one of its call, and both are found ended at once.
  [
    enqueue("g", "b"),
    dequeue(2, 1_000),
    extend(0, 500),
    advance(5_000),
    dequeue(1, 500),
    { verb: "clear" },
    { verb: "metrics" },
  ],
  // A tombstone that is cleared off by a cancel that cancels nothing.
  [
    enqueue("e", "b"),
    { verb: "cancel", ids: ["b"] },
    dequeue(1, 5_000),
    { verb: "cancel", ids: ["b"] },
    enqueue("b"),
    { verb: "metrics" },
  ],
  // Over partitions: a suspect that is asked for beside other deliveries stays where it was, and as old as it was.
  [
    enqueueFresh("fresh-0", "fresh-1"),
    dequeue(1, 1_000),
    dequeue(1, 100),
    advance(100),
    { verb: "turn", picks: [{ back: 1, end: "done", delayMs: 0, counts: false }], max: 1, leaseMs: 100 },
    advance(500),
    dequeue(1, 1_000),
    { verb: "settle", picks: [{ back: 0, end: "release", delayMs: 0, counts: false }] },
    advance(1),
    enqueueFresh("fresh-2", "fresh-3"),
    dequeue(2, 5_000),
    { verb: "metrics" },
  ],
  // A job reclaimed to the head of a list whose first entry is what is left of a cancelled one.
  [
    enqueueFresh("fresh-0", "fresh-1", "fresh-2"),
    { verb: "cancel", ids: ["fresh-2"] },
    dequeue(2, 500),
    enqueue("b"),
    advance(500),
    dequeue(1, 100),
    { verb: "metrics" },
  ],
];
