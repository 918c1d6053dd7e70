import { integerIssue, issuesOf, type Clock } from "@chimera/dlq";
import { DrainRate } from "./drain-rate.ts";
import type { QueueMetrics } from "./protocol.ts";
import { throwIssues } from "./queue-options.ts";

/** How far consumers are behind, for producers that can slow down. */
export interface Pressure {
  /** `ok`: go on. `high`: slow down. `critical`: send only what must be sent. */
  readonly level: "ok" | "high" | "critical";
  /** Jobs ready to be delivered now. */
  readonly depth: number;
  /** Delayed jobs and expired leases whose time has come. */
  readonly due: number;
  /** Milliseconds that the oldest ready job has waited. */
  readonly oldestReadyMs: number;
  /**
   * Jobs that left the queue a second while others waited, over the last ten seconds of such time that this queue was
   * asked in; 0 while that is not known. Idle time does not count: it tells nothing of how fast consumers are.
   */
  readonly drainPerSecond: number;
  /**
   * Milliseconds until a job enqueued now would be delivered: the backlog over the rate, and no less than the oldest
   * job has waited already. While no rate is known only the latter is.
   */
  readonly estimatedDelayMs: number;
}

/** Where the levels begin. */
export interface PressureOptions {
  /** Estimated delay in milliseconds from which on the level is `high`, >= 1. @defaultValue 10_000 */
  readonly highDelayMs?: number;
  /** Estimated delay in milliseconds from which on the level is `critical`, >= `highDelayMs`. @defaultValue 60_000 */
  readonly criticalDelayMs?: number;
  /** Depth and due jobs from which on the level is `high` at least, >= 1. @defaultValue no limit */
  readonly highDepth?: number;
  /** Depth and due jobs from which on the level is `critical`, >= `highDepth`. @defaultValue no limit */
  readonly criticalDepth?: number;
}

const DEFAULT_HIGH_DELAY_MS = 10_000;
const DEFAULT_CRITICAL_DELAY_MS = 60_000;
/** How long an answer is given again: producers may ask before each job. */
const FRESH_MS = 100;

/** Reads the pressure of one queue. Costs one `metrics` call a 100 ms, however often it is asked. */
export class PressureGauge {
  readonly #options: Required<PressureOptions>;
  readonly #metrics: () => Promise<QueueMetrics>;
  readonly #clock: Clock;
  readonly #rate = new DrainRate();
  #latest: { readonly atMs: number; readonly answer: Promise<Pressure> } | undefined;

  /** @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(metrics: () => Promise<QueueMetrics>, clock: Clock, options: PressureOptions = {}) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#options = resolved(options);
  }

  async read(): Promise<Pressure> {
    const nowMs = this.#clock.monotonic();
    if (this.#latest === undefined || nowMs - this.#latest.atMs >= FRESH_MS) {
      const answer = this.#measure(nowMs);
      this.#latest = { atMs: nowMs, answer };
      // A failed question is asked again by the next caller.
      answer.catch(() => {
        if (this.#latest?.answer === answer) this.#latest = undefined;
      });
    }
    return this.#latest.answer;
  }

  async #measure(nowMs: number): Promise<Pressure> {
    const metrics = await this.#metrics();
    const { depth, due, oldestReadyMs, processed, deadLettered } = metrics;
    const backlog = depth + due;
    const drainPerSecond = this.#rate.after({
      atMs: nowMs,
      backlog,
      oldestReadyMs,
      left: processed + deadLettered,
    });
    const queueingMs = drainPerSecond > 0 ? (backlog / drainPerSecond) * 1_000 : 0;
    const estimatedDelayMs = backlog === 0 ? 0 : Math.max(oldestReadyMs, Math.round(queueingMs));
    const level = this.#levelOf(backlog, estimatedDelayMs);
    return { level, depth, due, oldestReadyMs, drainPerSecond, estimatedDelayMs };
  }

  #levelOf(backlog: number, delayMs: number): Pressure["level"] {
    const { highDelayMs, criticalDelayMs, highDepth, criticalDepth } = this.#options;
    if (delayMs >= criticalDelayMs || backlog >= criticalDepth) return "critical";
    return delayMs >= highDelayMs || backlog >= highDepth ? "high" : "ok";
  }
}

function resolved(options: PressureOptions): Required<PressureOptions> {
  const { highDelayMs = DEFAULT_HIGH_DELAY_MS, highDepth = Infinity } = options;
  const criticalDelayMs = options.criticalDelayMs ?? Math.max(highDelayMs, DEFAULT_CRITICAL_DELAY_MS);
  const criticalDepth = options.criticalDepth ?? Infinity;
  throwIssues(
    issuesOf(
      integerIssue("pressure.highDelayMs", highDelayMs, { min: 1 }),
      integerIssue("pressure.criticalDelayMs", criticalDelayMs, { min: highDelayMs }),
      highDepth === Infinity ? undefined : integerIssue("pressure.highDepth", highDepth, { min: 1 }),
      criticalDepth === Infinity
        ? undefined
        : integerIssue("pressure.criticalDepth", criticalDepth, {
            min: Math.min(highDepth, Number.MAX_SAFE_INTEGER),
          }),
    ),
  );
  return { highDelayMs, criticalDelayMs, highDepth, criticalDepth };
}
