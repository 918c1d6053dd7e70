import { RetryAfter, Unrecoverable, type EnqueueOptions } from "@chimera/queue-core";

/** What becomes of a job, so that every structure of the queue is in use all the time. */
export type JobKind =
  | "plain"
  | "urgent"
  | "patient"
  | "delayed"
  | "deduplicated"
  | "deduplicated for a time"
  | "failing once"
  | "hopeless"
  | "exhausted";

/** Of a hundred jobs. */
const SHARES: readonly (readonly [JobKind, number])[] = [
  ["delayed", 10],
  ["deduplicated", 5],
  ["deduplicated for a time", 3],
  ["failing once", 4],
  ["hopeless", 1],
  ["exhausted", 1],
  ["urgent", 6],
  ["patient", 6],
  ["plain", 64],
];
const DEDUP_TTL_MS = 5_000;
const RETRY_AFTER_MS = 200;

/** Read from the id, a random UUID: producer, worker and judge need no word of each other. */
export function kindOf(id: string): JobKind {
  let place = Number.parseInt(id.slice(0, 8), 16) % 100;
  return SHARES.find(([, share]) => (place -= share) < 0)?.[0] ?? "plain";
}

/** Whether it is to end as a dead letter. */
export function isDoomed(id: string): boolean {
  const kind = kindOf(id);
  return kind === "hopeless" || kind === "exhausted";
}

export function isDeduplicated(id: string): boolean {
  return kindOf(id).startsWith("deduplicated");
}

export function enqueueOptions(id: string): EnqueueOptions {
  switch (kindOf(id)) {
    case "delayed":
      return { id, delayMs: 1_000 + (Number.parseInt(id.slice(-4), 16) % 2_000) };
    case "deduplicated":
      return { id, dedupKey: id };
    case "deduplicated for a time":
      return { id, dedupKey: id, dedupTtlMs: DEDUP_TTL_MS };
    case "urgent":
      return { id, priority: "high" };
    case "patient":
      return { id, priority: "low" };
    case "exhausted":
      return { id, maxAttempts: 2 };
    case "plain":
    case "failing once":
    case "hopeless":
    default:
      return { id };
  }
}

/** @throws what its kind says, before its effect. */
export function failAsPlanned(id: string, failures: number): void {
  const kind = kindOf(id);
  if (kind === "hopeless") throw new Unrecoverable("No try can help");
  if (kind === "exhausted" || (kind === "failing once" && failures === 0))
    throw new RetryAfter(RETRY_AFTER_MS, { message: "Not this time" });
}
