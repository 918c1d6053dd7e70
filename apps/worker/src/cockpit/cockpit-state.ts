/**
 * What the page is told, as JSON: the one contract between the service and the cockpit in the browser. It imports
 * nothing, so that the page is checked against it without the service's own types.
 */

/** What is drawn over time. All are numbers; a moment at which the queue did not answer has `null` in each. */
export const SERIES = [
  /** Jobs ready to be delivered. */
  "depth",
  /** Delayed jobs and expired leases whose time has come. */
  "due",
  "inFlight",
  /** Jobs a second since the moment before. */
  "enqueuedPerSecond",
  "donePerSecond",
  "failedPerSecond",
  /** Milliseconds that handlers ran, over the queue's rolling window. */
  "p50Ms",
  "p95Ms",
  "p99Ms",
] as const;

export type SeriesName = (typeof SERIES)[number];

/** One moment. */
export interface Sample extends Readonly<Record<SeriesName, number | null>> {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Many moments, oldest first, one array a series. */
export interface SampleColumns extends Readonly<Record<SeriesName, readonly (number | null)[]>> {
  readonly atMs: readonly number[];
}

export interface QueueState {
  readonly name: string;
  /** `redis` or `local`. */
  readonly kind: string;
  /** What keeps the jobs: `memory`, `os`, `fsync` or `server`. */
  readonly durability: string;
  readonly paused: boolean;
  readonly delayed: number;
  /** Milliseconds that the oldest ready job has waited. */
  readonly oldestReadyMs: number;
  /** Counters since the queue was made. */
  readonly enqueued: number;
  readonly processed: number;
  readonly failed: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly reclaimed: number;
  readonly pressure: "ok" | "high" | "critical";
  /** Milliseconds until a job that is enqueued now would be delivered. */
  readonly estimatedDelayMs: number;
}

/** A figure of a part, for a person. */
export interface Fact {
  readonly label: string;
  readonly value: number;
  readonly unit: "count" | "bytes" | "ms";
}

/** How a part of the service answered last. */
export interface PartState {
  readonly name: string;
  readonly status: "pass" | "warn" | "fail";
  readonly latencyMs: number;
  /** One sentence, without secrets, when the status is not `pass`. */
  readonly output?: string;
  readonly facts: readonly Fact[];
}

/** A worker of this process. */
export interface WorkerState {
  readonly state: "running" | "paused" | "closing" | "closed";
  /** Handlers that run. */
  readonly running: number;
  /** Jobs fetched and not started. */
  readonly fetched: number;
  /** Settlements that the queue has not answered. */
  readonly unsettled: number;
  readonly backendOutageMs: number;
  readonly lastFetchAgoMs: number;
  readonly deadLettersFailing: boolean;
}

/** The letters that nobody has dealt with. */
export interface LettersState {
  readonly count: number;
  readonly bytes: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly oldestTs?: string;
  readonly newestTs?: string;
}

/** The replay that runs, or the last one that ran. */
export interface ReplayState {
  readonly status: "running" | "done" | "stopped" | "target-unavailable" | "failed";
  readonly target: string;
  /** Letters that matched when it began. */
  readonly total: number;
  readonly taken: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly skipped: number;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** Why it ended early, redacted. */
  readonly error?: string;
}

/** Everything but the series. */
export interface CockpitState {
  /** Milliseconds since the epoch, on the service's clock. */
  readonly atMs: number;
  /** `null` while it does not answer. */
  readonly queue: QueueState | null;
  /** Empty until they were asked for the first time. */
  readonly parts: readonly PartState[];
  readonly workers: readonly WorkerState[];
  /** `null` while they cannot be counted. */
  readonly letters: LettersState | null;
  readonly replay: ReplayState | null;
  /** Whether a token was set, without which nothing can be changed from here. */
  readonly actions: boolean;
}

/** A letter as a table shows it. */
export interface LetterRow {
  readonly id: string;
  readonly state: "dead" | "replayed";
  readonly ts: string;
  readonly firstTs: string;
  readonly source: string;
  readonly target: string;
  readonly reason: string;
  readonly code?: string;
  readonly message: string;
  readonly attempts: number;
  readonly replays: number;
}

/** A letter with all that is known of it. */
export interface LetterInFull extends LetterRow {
  /** The last failed tries, oldest first. */
  readonly errors: readonly { readonly ts: string; readonly code?: string; readonly message: string }[];
  readonly fence?: number;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly encoding: "json" | "text" | "base64";
  readonly payload: string;
}

/** A place between two letters, by moment and then by id. */
export interface LetterPlace {
  readonly ts: string;
  readonly id: string;
}

/** Letters, the newest first. */
export interface LetterPage {
  readonly letters: readonly LetterRow[];
  /** Where the next page goes on; `null` on the last one. */
  readonly next: LetterPlace | null;
}

/** Which letters an action means; as `DeadLetterFilter` of `@chimera/dlq`. */
export interface LetterFilter {
  readonly state?: "dead" | "replayed" | "any";
  readonly ids?: readonly string[];
  readonly reasons?: readonly string[];
  readonly since?: string;
  readonly until?: string;
}

/** What an action would come to. */
export interface DryRun {
  readonly count: number;
  readonly bytes: number;
  readonly byReason: Readonly<Record<string, number>>;
  /** Where a replay sends the letters. */
  readonly target: string;
  /** What was counted; a purge takes exactly this one. */
  readonly filter: LetterFilter;
}

/** The first event of a stream, `hello`. */
export interface Hello {
  readonly everyMs: number;
  readonly samples: SampleColumns;
  readonly state: CockpitState;
}

/** Every later event, `tick`. */
export interface Tick {
  readonly sample: Sample;
  readonly state: CockpitState;
}
