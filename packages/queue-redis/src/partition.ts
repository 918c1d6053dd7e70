import type { EnqueueResult, JobView, NewJob, SettleResult } from "@chimera/queue-core";
import { readFetch, type Fetched, type FetchReply } from "./deliveries.ts";
import { readMetrics, type MetricsReply, type PartitionMetrics } from "./partition-metrics.ts";
import type { ProducerSlots } from "./producer-slots.ts";
import type { ReceiptParts } from "./receipt.ts";
import { decodeState, encodeRecord, jobView } from "./record.ts";
import type { ScriptRunner } from "./script-runner.ts";
import { CANCEL, CENSUS, CLEAR, LOOK, OPEN, PAUSE, RUN_NOW } from "./scripts/admin.lua.ts";
import { ENQUEUE } from "./scripts/enqueue.lua.ts";
import { EXTEND } from "./scripts/extend.lua.ts";
import { METRICS } from "./scripts/metrics.lua.ts";
import { DEQUEUE, SETTLE, SETTLE_AND_DEQUEUE } from "./scripts/turn.lua.ts";
import { receiptRuns, settlementRuns, type ReadSettlement } from "./settlement-runs.ts";

/** How the record of a job begins that is of normal priority and has nothing to look at. */
const PLAIN_LETTER = "n";

/** What one fetch asks for. */
export interface FetchRequest {
  readonly max: number;
  readonly leaseMs: number;
  /** Milliseconds for which the caller will wait for a wake-up when there is nothing; 0 when it will not. */
  readonly sleepMs: number;
  /** Leaves a suspect where it is: the caller holds other deliveries already. */
  readonly refuseSuspect: boolean;
}

/** A page of jobs, and where the next one begins, if there is one. Entries of cancelled jobs are passed over. */
export interface Page {
  readonly jobs: readonly JobView[];
  readonly next: number | undefined;
}

export interface PartitionOptions {
  readonly index: number;
  readonly partitions: number;
  /** Bounds this partition's ready and delayed jobs; 0 for no bound. */
  readonly maxDepth: number;
  readonly runner: ScriptRunner;
  readonly slots: ProducerSlots;
  readonly nextNonce: () => string;
  /** Told how many leases a fetch found ended. */
  readonly onReclaimed: (count: number) => void;
  /** Waits after an enqueue until it is where it has to be; its runner then uses the same connection. */
  readonly confirmation?:
    | { readonly runner: ScriptRunner; readonly confirm: () => Promise<void> }
    | undefined;
}

/** The verbs on one partition: arguments out, replies in. At most 250 items a call; splitting is the backend's. */
export class Partition {
  readonly index: number;
  readonly #partitions: string;
  readonly #maxDepth: string;
  readonly #runner: ScriptRunner;
  readonly #slots: ProducerSlots;
  readonly #nextNonce: () => string;
  readonly #onReclaimed: (count: number) => void;
  readonly #confirmation: PartitionOptions["confirmation"];

  constructor(options: PartitionOptions) {
    const { index, partitions, maxDepth, runner, slots, nextNonce, onReclaimed, confirmation } = options;
    this.index = index;
    this.#partitions = String(partitions);
    this.#maxDepth = String(maxDepth);
    this.#runner = runner;
    this.#slots = slots;
    this.#nextNonce = nextNonce;
    this.#onReclaimed = onReclaimed;
    this.#confirmation = confirmation;
  }

  /** Sends the call again, under the same number, while its outcome is unknown and `mayRepeat` allows it. */
  async enqueue(jobs: readonly NewJob[], mayRepeat: (error: unknown) => boolean): Promise<EnqueueResult[]> {
    const call = await this.#slots.acquire();
    try {
      const records = jobs.map(encodeRecord);
      const plain = records.every(isPlain) && areDistinct(jobs);
      const head = [
        this.#partitions,
        this.#maxDepth,
        this.#slots.producer,
        String(call.slot),
        String(call.number),
        plain ? "1" : "0",
      ];
      const args = head.concat(jobs.map(idOf), records);
      const reply = await this.#sendEnqueue(args, mayRepeat);
      await this.#confirmation?.confirm();
      return readEnqueue(jobs, reply);
    } finally {
      this.#slots.release(call);
    }
  }

  async #sendEnqueue(args: readonly string[], mayRepeat: (error: unknown) => boolean): Promise<string> {
    const { runner } = this.#confirmation ?? { runner: this.#runner };
    for (;;) {
      try {
        return (await runner.run(ENQUEUE, args)) as string;
      } catch (error) {
        if (!mayRepeat(error)) throw error;
      }
    }
  }

  async dequeue(request: FetchRequest): Promise<Fetched> {
    return this.#read(await this.#runner.run(DEQUEUE, this.#fetchArgs(request)), request);
  }

  /** The words of a dequeue call, for a connection that waits, and what reads its reply. */
  dequeueCommand(request: FetchRequest): { words: string[]; read: (reply: unknown) => Fetched } {
    return {
      words: this.#runner.command(DEQUEUE, this.#fetchArgs(request)),
      read: (reply) => this.#read(reply, request),
    };
  }

  async settle(settlements: readonly ReadSettlement[]): Promise<SettleResult[]> {
    const args = [this.#partitions, ...settlementRuns(settlements)];
    const stale = (await this.#runner.run(SETTLE, args)) as number[];
    return readStale(settlements.length, stale);
  }

  async settleAndDequeue(
    settlements: readonly ReadSettlement[],
    request: FetchRequest,
  ): Promise<{ results: SettleResult[]; fetched: Fetched }> {
    const args = this.#fetchArgs(request).concat(settlementRuns(settlements));
    const reply = (await this.#runner.run(SETTLE_AND_DEQUEUE, args)) as [number[], ...FetchReply];
    const [stale, ...fetch] = reply;
    return {
      results: readStale(settlements.length, stale),
      fetched: this.#read(fetch, request),
    };
  }

  async extend(receipts: readonly ReceiptParts[], leaseMs: number): Promise<SettleResult[]> {
    const args = [this.#partitions, String(leaseMs), ...receiptRuns(receipts)];
    return readStale(receipts.length, (await this.#runner.run(EXTEND, args, true)) as number[]);
  }

  async metrics(): Promise<PartitionMetrics> {
    return readMetrics((await this.#runner.run(METRICS, [this.#partitions], true)) as MetricsReply);
  }

  /** Claims the partition for this number of partitions if it is new, or has no jobs and `anew`; answers the number that holds. */
  async open(anew: boolean): Promise<number> {
    return Number(await this.#runner.run(OPEN, [this.#partitions, anew ? "1" : "0"], true));
  }

  /** How many jobs it has, and over how many partitions they were spread. */
  async census(): Promise<{ partitions: number | undefined; jobs: number }> {
    const [partitions, jobs] = (await this.#runner.run(CENSUS, [], true)) as [string, number];
    return { partitions: partitions === "-" ? undefined : Number(partitions), jobs };
  }

  async pause(paused: boolean): Promise<void> {
    await this.#runner.run(PAUSE, [this.#partitions, paused ? "1" : "0"], true);
  }

  async cancel(ids: readonly string[]): Promise<boolean[]> {
    const answers = (await this.#runner.run(CANCEL, [this.#partitions, ...ids])) as number[];
    return answers.map((answer) => answer === 1);
  }

  /** Cancels at most 250 jobs. */
  async clear(): Promise<{ count: number; more: boolean }> {
    const [count, more] = (await this.#runner.run(CLEAR, [this.#partitions])) as [number, number];
    return { count, more: more === 1 };
  }

  async runNow(id: string): Promise<boolean> {
    return (await this.#runner.run(RUN_NOW, [this.#partitions, id])) === 1;
  }

  async get(id: string): Promise<JobView | undefined> {
    return (await this.#look("id", id, "1")).jobs[0];
  }

  async browse(state: "ready" | "delayed" | "in-flight", from: number, limit: number): Promise<Page> {
    return this.#look(state, String(from), String(limit));
  }

  #read(reply: unknown, { leaseMs }: FetchRequest): Fetched {
    const fetched = readFetch(this.index, reply as FetchReply, leaseMs);
    if (fetched.reclaimed > 0) this.#onReclaimed(fetched.reclaimed);
    return fetched;
  }

  async #look(...args: string[]): Promise<Page> {
    const reply = (await this.#runner.run(LOOK, [this.#partitions, ...args], true)) as [
      string[],
      string[],
      string[],
      string[],
      number,
    ];
    const [ids, records, states, dues, next] = reply;
    const views: JobView[] = [];
    for (const [index, id] of ids.entries()) {
      const due = dues[index];
      const record = records[index] ?? "";
      if (record === "") continue;
      const dueAt = due === "-" ? undefined : Number(due);
      views.push(jobView(id, record, decodeState(states[index] ?? ""), dueAt));
    }
    return { jobs: views, next: next === -1 ? undefined : next };
  }

  #fetchArgs({ max, leaseMs, sleepMs, refuseSuspect }: FetchRequest): string[] {
    return [
      this.#partitions,
      String(max),
      String(leaseMs),
      this.#nextNonce(),
      String(Math.ceil(sleepMs)),
      refuseSuspect ? "1" : "0",
    ];
  }
}

const idOf = ({ id }: NewJob): string => id;
const isPlain = (record: string): boolean => record.startsWith(PLAIN_LETTER);

/** Whether no id comes twice. Ids that one maker made grow, which is quicker seen than a set is built. */
function areDistinct(jobs: readonly NewJob[]): boolean {
  for (let index = 1; index < jobs.length; index++) {
    if ((jobs[index] as NewJob).id <= (jobs[index - 1] as NewJob).id) {
      return new Set(jobs.map(idOf)).size === jobs.length;
    }
  }
  return true;
}

function readEnqueue(jobs: readonly NewJob[], reply: string): EnqueueResult[] {
  const results: EnqueueResult[] = jobs.map(({ id }) => ({ status: "enqueued", id }));
  if (reply === "") return results;
  const words = reply.split(" ");
  for (let at = 0; at < words.length; at += 3) {
    const [index, why, id] = [Number(words[at]) - 1, words[at + 1], words[at + 2] as string];
    results[index] = why === "f" ? { status: "full" } : { status: "duplicate", id };
  }
  return results;
}

function readStale(count: number, stale: readonly number[]): SettleResult[] {
  const results: SettleResult[] = [];
  for (let index = 0; index < count; index++) results.push("ok");
  for (const index of stale) results[index - 1] = "stale";
  return results;
}
