import { integerIssue } from "@chimera/dlq";
import {
  MAX_BATCH,
  QueueError,
  type BrowsePage,
  type BrowseRequest,
  type JobView,
  type QueueAdmin,
} from "@chimera/queue-core";
import type { Partition } from "./partition.ts";
import { toQueueError } from "./server-errors.ts";

const DEFAULT_PAGE = 100;

/** Looks into a queue and takes hold of its jobs. A job's partition is not known by its id, so each is asked. */
export class RedisQueueAdmin implements QueueAdmin {
  readonly #open: () => Promise<readonly Partition[]>;

  constructor(open: () => Promise<readonly Partition[]>) {
    this.#open = open;
  }

  async pause(): Promise<void> {
    await this.#all(async (partition) => partition.admin.pause(true));
  }

  async resume(): Promise<void> {
    await this.#all(async (partition) => partition.admin.pause(false));
  }

  async get(id: string): Promise<JobView | undefined> {
    const views = await this.#all(async (partition) => partition.admin.get(id));
    return views.find((view) => view !== undefined);
  }

  /** A cursor is the partition and the position in it. */
  async browse({ state, cursor = "0:0", limit = DEFAULT_PAGE }: BrowseRequest): Promise<BrowsePage> {
    const issue = integerIssue("limit", limit, { min: 1, max: MAX_BATCH });
    const place = /^(\d+):(\d+)$/.exec(cursor);
    if (issue !== undefined) throw new QueueError("QUEUE_INVALID", issue);
    if (place === null) throw new QueueError("QUEUE_INVALID", "Expected `cursor` to be one of a page before");
    const partitions = await this.#open();
    for (let [index, from] = [Number(place[1]), Number(place[2])]; index < partitions.length;) {
      const { jobs, next } = await (partitions[index] as Partition).admin
        .browse(state, from, limit)
        .catch(fail);
      if (next === undefined) index++;
      from = next ?? 0;
      if (jobs.length > 0) return { jobs, ...(index < partitions.length && { cursor: `${index}:${from}` }) };
    }
    return { jobs: [] };
  }

  async runNow(id: string): Promise<boolean> {
    return (await this.#all(async (partition) => partition.admin.runNow(id))).includes(true);
  }

  async cancel(ids: readonly string[]): Promise<boolean[]> {
    const answers = ids.map(() => false);
    for (let from = 0; from < ids.length; from += MAX_BATCH) {
      const some = ids.slice(from, from + MAX_BATCH);
      for (const found of await this.#all(async (partition) => partition.admin.cancel(some))) {
        found.forEach((cancelled, index) => (answers[from + index] ||= cancelled));
      }
    }
    return answers;
  }

  async clear(): Promise<number> {
    const counts = await this.#all(async (partition) => {
      let total = 0;
      for (;;) {
        const { count, more } = await partition.admin.clear();
        total += count;
        if (!more) return total;
      }
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #all<Answer>(ask: (partition: Partition) => Promise<Answer>): Promise<Answer[]> {
    const partitions = await this.#open();
    return Promise.all(partitions.map(ask)).catch(fail);
  }
}

function fail(error: unknown): never {
  throw toQueueError(error, "look into the queue");
}
