import {
  backoffDelayMs,
  choiceIssue,
  errorCode,
  errorMessage,
  integerIssue,
  issuesOf,
  redactText,
  sleep,
  stderrLogger,
  systemClock,
  type Clock,
  type Environment,
  type Logger,
} from "@chimera/dlq";
import { drainQueue, type DrainReport } from "./drain-queue.ts";
import { QueueError } from "./errors.ts";
import type { QueueBackend } from "./protocol.ts";
import { throwIssues } from "./queue-options.ts";

/** What `openQueue` needs of a queue, whatever its payloads. */
export interface OpenableQueue {
  readonly backend: QueueBackend;
  ping(): Promise<void>;
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
}

/** One place where the queue may live. */
export interface QueueCandidate<Opened extends OpenableQueue> {
  /** As logs and health show it, such as `redis`. */
  readonly name: string;
  /** Makes the queue; it need not be connected yet. Called anew for each try after a failed one. */
  open(): Opened;
  /**
   * The queue with the jobs that an earlier fallback to this candidate left behind, if there are any: they are drained into
   * the first candidate when that is opened. @defaultValue nothing is ever left
   */
  leftover?(): Promise<OpenableQueue | undefined>;
}

export interface OpenQueueOptions {
  /**
   * `auto`: the first candidate that answers, loudly when it is not the first of all. `required`: the first candidate,
   * waited for until it answers. @defaultValue "required" with `NODE_ENV=production`, else "auto"
   */
  readonly mode?: "auto" | "required";
  /** Milliseconds that a candidate has to answer, 1 to 60_000. @defaultValue 2_000 */
  readonly probeTimeoutMs?: number;
  /** Ends the waiting of `required`. */
  readonly signal?: AbortSignal;
  /** Where `NODE_ENV` is read. @defaultValue process.env */
  readonly environment?: Environment;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: Logger;
}

/** The queue that was opened, and how it came to be that one. */
export interface OpenedQueue<Opened extends OpenableQueue> {
  readonly queue: Opened;
  /** The candidate's name. */
  readonly candidate: string;
  /** Whether it is not the first candidate: health should say so. */
  readonly fellBack: boolean;
  /** What was brought over from an earlier fallback, when something was. */
  readonly drained?: DrainReport;
}

const DEFAULT_PROBE_TIMEOUT_MS = 2_000;

interface Surroundings {
  readonly probeTimeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens a queue where it can be opened. The answer never changes afterwards: a queue keeps its backend until it is closed.
 *
 * @throws QueueError `BACKEND_UNAVAILABLE` (retryable) when `auto` found no candidate that answers.
 * @throws the signal's reason when the waiting of `required` was ended.
 */
export async function openQueue<Opened extends OpenableQueue>(
  name: string,
  candidates: readonly [QueueCandidate<Opened>, ...QueueCandidate<Opened>[]],
  options: OpenQueueOptions = {},
): Promise<OpenedQueue<Opened>> {
  const production = (options.environment ?? process.env)["NODE_ENV"] === "production";
  const { mode = production ? "required" : "auto", probeTimeoutMs = DEFAULT_PROBE_TIMEOUT_MS } = options;
  throwIssues(
    issuesOf(
      choiceIssue("mode", mode, ["auto", "required"]),
      integerIssue("probeTimeoutMs", probeTimeoutMs, { min: 1, max: 60_000 }),
    ),
  );
  const surroundings: Surroundings = {
    probeTimeoutMs,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger: options.logger ?? stderrLogger,
    signal: options.signal,
  };
  const [first, ...others] = candidates;
  const queue =
    mode === "required" ? await waitFor(name, first, surroundings) : await probe(name, first, surroundings);
  if (queue === undefined) return fallBack(name, first.name, others, surroundings);
  const drained = await bringOver(name, queue, others, surroundings);
  return { queue, candidate: first.name, fellBack: false, ...(drained !== undefined && { drained }) };
}

async function fallBack<Opened extends OpenableQueue>(
  name: string,
  missing: string,
  others: readonly QueueCandidate<Opened>[],
  surroundings: Surroundings,
): Promise<OpenedQueue<Opened>> {
  for (const candidate of others) {
    const queue = await probe(name, candidate, surroundings);
    if (queue === undefined) continue;
    const message = `Queue ${name} runs on ${candidate.name} because ${missing} does not answer`;
    surroundings.logger.error("queue.fell_back", { queue: name, from: missing, to: candidate.name, message });
    return { queue, candidate: candidate.name, fellBack: true };
  }
  throw new QueueError("BACKEND_UNAVAILABLE", `No candidate for queue \`${name}\` answers`, {
    retryable: true,
  });
}

async function waitFor<Opened extends OpenableQueue>(
  name: string,
  candidate: QueueCandidate<Opened>,
  surroundings: Surroundings,
): Promise<Opened> {
  const { clock, random, signal } = surroundings;
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted();
    const queue = await probe(name, candidate, surroundings);
    if (queue !== undefined) return queue;
    await sleep(clock, backoffDelayMs(failures, { baseDelayMs: 250, maxDelayMs: 5_000 }, random), signal);
  }
}

/** The queue when it answers in time; closed again, and `undefined`, when it does not. */
async function probe<Opened extends OpenableQueue>(
  name: string,
  candidate: QueueCandidate<Opened>,
  { probeTimeoutMs, clock, logger }: Surroundings,
): Promise<Opened | undefined> {
  const queue = candidate.open();
  try {
    await within(clock, probeTimeoutMs, queue.ping());
    return queue;
  } catch (error) {
    const message = redactText(errorMessage(error));
    logger.warn("queue.candidate_unavailable", {
      queue: name,
      candidate: candidate.name,
      code: errorCode(error),
      message,
    });
    await queue.close({ deadlineMs: probeTimeoutMs });
    return undefined;
  }
}

async function within(clock: Clock, timeoutMs: number, work: Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = clock.schedule(() => {
      reject(new QueueError("BACKEND_UNAVAILABLE", `No answer within ${timeoutMs} ms`, { retryable: true }));
    }, timeoutMs);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** Drains what earlier fallbacks left. A failure is told and changes nothing: the jobs stay where they are until the next opening. */
async function bringOver(
  name: string,
  queue: OpenableQueue,
  others: readonly QueueCandidate<OpenableQueue>[],
  { clock, logger }: Surroundings,
): Promise<DrainReport | undefined> {
  let sum: DrainReport | undefined;
  for (const candidate of others) {
    try {
      const leftover = await candidate.leftover?.();
      if (leftover === undefined) continue;
      const report = await drainAndClose(leftover, queue, clock);
      logger.warn("queue.drained", { queue: name, from: candidate.name, ...report });
      sum = {
        moved: report.moved + (sum?.moved ?? 0),
        duplicates: report.duplicates + (sum?.duplicates ?? 0),
        left: report.left + (sum?.left ?? 0),
      };
    } catch (error) {
      const message = redactText(errorMessage(error));
      logger.error("queue.drain_failed", {
        queue: name,
        from: candidate.name,
        code: errorCode(error),
        message,
      });
    }
  }
  return sum;
}

async function drainAndClose(
  leftover: OpenableQueue,
  queue: OpenableQueue,
  clock: Clock,
): Promise<DrainReport> {
  try {
    return await drainQueue(leftover.backend, queue.backend, clock);
  } finally {
    await leftover.close();
  }
}
