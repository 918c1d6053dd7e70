import {
  LocalBackend,
  type BrowsePage,
  type Delivery,
  type DequeueRequest,
  type EnqueueResult,
  type JobView,
  type LocalBackendOptions,
  type NewJob,
  type QueueAdmin,
  type QueueBackend,
  type QueueMetrics,
  type Receipt,
  type SettleAndDequeueReply,
  type Settlement,
  type SettleResult,
} from "@chimera/queue-core";
import { choosePartition, shareOut } from "../../src/partition-choice.ts";
import type { Step } from "./model-history.ts";

/**
 * The history with dedup keys changed so that each leads to the partition of its job's id: one id under several keys may live
 * in several partitions at once, and a fence grows in each of them apart.
 */
export function keptTogether(steps: readonly Step[], partitions: number): Step[] {
  return steps.map((step) => {
    if (step.verb !== "enqueue") return step;
    return { ...step, jobs: step.jobs.map((job) => keptWithItsId(job, partitions)) };
  });
}

function keptWithItsId(job: NewJob, partitions: number): NewJob {
  if (job.dedupKey === undefined) return job;
  const wanted = choosePartition(job.id, partitions);
  let dedupKey = job.dedupKey;
  while (choosePartition(dedupKey, partitions) !== wanted) dedupKey += "+";
  return { ...job, dedupKey };
}

export interface PartitionedOracleOptions extends LocalBackendOptions {
  readonly partitions: number;
}

/** What a queue over n partitions has to look like: n local backends, asked in turn. */
export class PartitionedOracle implements QueueBackend {
  readonly protocol = 1 as const;
  readonly name: string;
  readonly admin: QueueAdmin;
  readonly #backends: readonly LocalBackend[];
  readonly #partitionOf = new Map<Receipt, number>();
  #turn = 0;

  constructor(name: string, { partitions, maxDepth, ...options }: PartitionedOracleOptions) {
    this.name = name;
    const share = maxDepth === undefined ? {} : { maxDepth: Math.ceil(maxDepth / partitions) };
    this.#backends = Array.from(
      { length: partitions },
      (_, index) => new LocalBackend(`${name}-${index}`, { ...options, ...share }),
    );
    this.admin = new PartitionedOracleAdmin(this.#backends.map(({ admin }) => admin));
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    const choose = ({ id, dedupKey }: NewJob): number =>
      choosePartition(dedupKey ?? id, this.#backends.length);
    return this.#each(jobs, choose, async (backend, some) => backend.enqueue(some));
  }

  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    const start = this.#turn++;
    for (let step = 0; step < this.#backends.length; step++) {
      const index = (start + step) % this.#backends.length;
      const backend = this.#backends[index] as LocalBackend;
      const max = request.max - deliveries.length;
      if (max === 0 || deliveries[0]?.suspect === true) break;
      const some = await backend.dequeue({ ...request, max, refuseSuspect: deliveries.length > 0 });
      for (const { receipt } of some) this.#partitionOf.set(receipt, index);
      deliveries.push(...some);
    }
    return deliveries;
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    const choose = ({ receipt }: Settlement): number => this.#partitionOf.get(receipt) ?? 0;
    return this.#each(settlements, choose, async (backend, some) => backend.settle(some));
  }

  async settleAndDequeue(
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    return { results: await this.settle(settlements), deliveries: await this.dequeue(request) };
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    const choose = (receipt: Receipt): number => this.#partitionOf.get(receipt) ?? 0;
    return this.#each(receipts, choose, async (backend, some) => backend.extend(some, leaseMs));
  }

  async metrics(): Promise<QueueMetrics> {
    const all = await Promise.all(this.#backends.map(async (backend) => backend.metrics()));
    const [first] = all as [QueueMetrics];
    const joined: Record<string, unknown> = { ...first };
    for (const [name, value] of Object.entries(first)) {
      if (typeof value !== "number") continue;
      const values = all.map((each) => each[name as "depth"]);
      joined[name] =
        name === "oldestReadyMs" ? Math.max(...values) : values.reduce((sum, each) => sum + each, 0);
    }
    return joined as unknown as QueueMetrics;
  }

  async ping(): Promise<void> {}
  async close(): Promise<void> {
    await Promise.all(this.#backends.map(async (backend) => backend.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #each<Item, Result>(
    items: readonly Item[],
    choose: (item: Item) => number,
    call: (backend: LocalBackend, items: readonly Item[]) => Promise<Result[]>,
  ): Promise<Result[]> {
    const results: Result[] = Array.from({ length: items.length });
    for (const { partition, share } of shareOut(items, items.length, choose)) {
      const some = await call(this.#backends[partition] as LocalBackend, share.items);
      some.forEach((result, index) => (results[share.places[index] as number] = result));
    }
    return results;
  }
}

/** A job may be in any partition, so each is asked. */
class PartitionedOracleAdmin implements QueueAdmin {
  readonly #admins: readonly QueueAdmin[];

  constructor(admins: readonly QueueAdmin[]) {
    this.#admins = admins;
  }

  async pause(): Promise<void> {
    for (const admin of this.#admins) await admin.pause();
  }

  async resume(): Promise<void> {
    for (const admin of this.#admins) await admin.resume();
  }

  async get(id: string): Promise<JobView | undefined> {
    const views = await Promise.all(this.#admins.map(async (admin) => admin.get(id)));
    return views.find((view) => view !== undefined);
  }

  async browse(): Promise<BrowsePage> {
    throw new Error("Cursors differ by design: the histories do not browse");
  }

  async runNow(id: string): Promise<boolean> {
    return (await Promise.all(this.#admins.map(async (admin) => admin.runNow(id)))).includes(true);
  }

  async cancel(ids: readonly string[]): Promise<boolean[]> {
    const all = await Promise.all(this.#admins.map(async (admin) => admin.cancel(ids)));
    return ids.map((_, index) => all.some((answers) => answers[index] === true));
  }

  async clear(): Promise<number> {
    const counts = await Promise.all(this.#admins.map(async (admin) => admin.clear()));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
