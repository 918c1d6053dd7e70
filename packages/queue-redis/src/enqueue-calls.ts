import type { EnqueueResult, NewJob } from "@chimera/queue-core";
import type { ConnectionSettings } from "./connection-options.ts";
import { isOneCall, shareOutJobs } from "./partition-choice.ts";
import type { Partition } from "./partition.ts";
import { isWhole } from "./record.ts";
import { ENQUEUE, ENQUEUE_FRESH } from "./scripts/enqueue.lua.ts";
import type { Script } from "./scripts/script.ts";
import { classifyFailure, toQueueError } from "./server-errors.ts";

/** Refusals of the whole call: the others are told job by job. */
const OF_THE_CALL: ReadonlySet<string> = new Set([
  "QUEUE_LAYOUT_NEWER",
  "QUEUE_PARTITIONS_DIFFER",
  "QUEUE_CLOSED",
]);

/**
 * Enqueues jobs over the partitions of one queue: each call in pieces, each piece again while its outcome is unknown and
 * the command timeout is not over.
 */
export class EnqueueCalls {
  readonly #settings: Pick<ConnectionSettings, "clock" | "commandTimeoutMs">;
  #stopped = false;

  constructor(settings: Pick<ConnectionSettings, "clock" | "commandTimeoutMs">) {
    this.#settings = settings;
  }

  /** One result a job, in order. @throws QueueError where the whole call was refused. */
  async enqueue(partitions: readonly Partition[], jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    // One script for all of a call's pieces: were the server to know only one of two, the other's piece would come late.
    const script = jobs.every(isWhole) ? ENQUEUE_FRESH : ENQUEUE;
    if (partitions.length === 1 && isOneCall(jobs)) return this.#enqueueSome(partitions[0], jobs, script);
    const pieces = shareOutJobs(jobs, partitions.length);
    const results: EnqueueResult[] = Array.from({ length: jobs.length });
    await Promise.all(
      pieces.map(async ({ partition, share }) => {
        const some = await this.#enqueueSome(partitions[partition], share.items, script);
        some.forEach((result, index) => (results[share.places[index] as number] = result));
      }),
    );
    return results;
  }

  /** From now on nothing is sent a second time. */
  stop(): void {
    this.#stopped = true;
  }

  async #enqueueSome(
    partition: Partition | undefined,
    jobs: readonly NewJob[],
    script: Script,
  ): Promise<EnqueueResult[]> {
    if (partition === undefined) return [];
    const { clock, commandTimeoutMs } = this.#settings;
    const deadline = clock.monotonic() + commandTimeoutMs;
    const mayRepeat = (error: unknown): boolean =>
      classifyFailure(error) === "unknown" && clock.monotonic() < deadline && !this.#stopped;
    try {
      return await partition.enqueue(jobs, script, mayRepeat);
    } catch (error) {
      const known = toQueueError(error, "store jobs");
      if (OF_THE_CALL.has(known.code)) throw known;
      return jobs.map(() => ({ status: "unknown", error: known }));
    }
  }
}
