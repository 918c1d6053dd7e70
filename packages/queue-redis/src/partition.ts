import type { EnqueueResult, NewJob, SettleResult } from "@chimera/queue-core";
import { readFetch, type Fetched, type FetchReply } from "./deliveries.ts";
import { PartitionAdmin } from "./partition-admin.ts";
import { readMetrics, type MetricsReply, type PartitionMetrics } from "./partition-metrics.ts";
import type { ProducerCall, ProducerSlots } from "./producer-slots.ts";
import type { ReceiptParts } from "./receipt.ts";
import { encodeEntry, encodeRecord, timeText } from "./record.ts";
import type { ScriptRunner } from "./script-runner.ts";
import { CENSUS, OPEN } from "./scripts/admin.lua.ts";
import { ENQUEUE_FRESH } from "./scripts/enqueue.lua.ts";
import { EXTEND } from "./scripts/extend.lua.ts";
import { METRICS } from "./scripts/metrics.lua.ts";
import type { Script } from "./scripts/script.ts";
import { DEQUEUE, SETTLE, SETTLE_AND_DEQUEUE } from "./scripts/turn.lua.ts";
import type { ServerClock } from "./server-clock.ts";
import { receiptRuns, settlementRuns, type ReadSettlement } from "./settlement-runs.ts";

/** What one fetch asks for. */
export interface FetchRequest {
  readonly max: number;
  readonly leaseMs: number;
  /** Milliseconds for which the caller will wait for a wake-up when there is nothing; 0 when it will not. */
  readonly sleepMs: number;
  /** Leaves a suspect where it is: the caller holds other deliveries already. */
  readonly refuseSuspect: boolean;
}

export interface PartitionOptions {
  readonly index: number;
  readonly partitions: number;
  /** Bounds this partition's ready and delayed jobs; 0 for no bound. */
  readonly maxDepth: number;
  readonly runner: ScriptRunner;
  readonly slots: ProducerSlots;
  readonly nextNonce: () => string;
  readonly serverClock: ServerClock;
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
  readonly admin: PartitionAdmin;
  readonly #partitions: string;
  readonly #maxDepth: string;
  readonly #runner: ScriptRunner;
  readonly #slots: ProducerSlots;
  readonly #nextNonce: () => string;
  readonly #serverClock: ServerClock;
  readonly #onReclaimed: (count: number) => void;
  readonly #confirmation: PartitionOptions["confirmation"];

  constructor(options: PartitionOptions) {
    const { index, partitions, maxDepth, runner, slots, nextNonce, onReclaimed, confirmation } = options;
    this.#serverClock = options.serverClock;
    this.index = index;
    this.admin = new PartitionAdmin(partitions, runner);
    this.#partitions = String(partitions);
    this.#maxDepth = String(maxDepth);
    this.#runner = runner;
    this.#slots = slots;
    this.#nextNonce = nextNonce;
    this.#onReclaimed = onReclaimed;
    this.#confirmation = confirmation;
  }

  /**
   * Sends the call again, under the same number, while its outcome is unknown and `mayRepeat` allows it.
   *
   * @param script - which of the two enqueues; {@link ENQUEUE_FRESH} only where every job {@link isWhole}.
   */
  async enqueue(
    jobs: readonly NewJob[],
    script: Script,
    mayRepeat: (error: unknown) => boolean,
  ): Promise<EnqueueResult[]> {
    const call = await this.#slots.acquire();
    try {
      // Made before the call is tried, since a job that cannot be encoded is no reason to try again.
      let words: readonly string[] | undefined = this.#enqueueWords(jobs, script, call);
      const reply = await this.#sendEnqueue(
        script,
        () => {
          const made = words ?? this.#enqueueWords(jobs, script, call);
          words = undefined;
          return made;
        },
        mayRepeat,
      );
      await this.#confirmation?.confirm();
      return this.#readEnqueue(jobs, reply);
    } finally {
      this.#slots.release(call);
    }
  }

  #enqueueWords(jobs: readonly NewJob[], script: Script, { slot, number }: ProducerCall): string[] {
    const words = [this.#partitions, this.#maxDepth, this.#slots.producer, String(slot), String(number)];
    if (script === ENQUEUE_FRESH) addEntries(words, jobs, timeText(this.#serverClock.now()));
    else addRecords(words, jobs);
    return words;
  }

  async #sendEnqueue(
    script: Script,
    args: () => readonly string[],
    mayRepeat: (error: unknown) => boolean,
  ): Promise<string> {
    const { runner } = this.#confirmation ?? { runner: this.#runner };
    for (let tries = 1; ; tries++) {
      try {
        return (await runner.run(script, args)) as string;
      } catch (error) {
        if (!mayRepeat(error)) throw error;
        await runner.pause(tries);
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

  /** Claims the partition for this number of partitions if it is new; answers the number that holds, below 0 while it is changed. */
  async open(): Promise<number> {
    return Number(await this.#runner.run(OPEN, [this.#partitions], true));
  }

  /** How many jobs it has, and over how many partitions they were spread. */
  async census(): Promise<{ partitions: number | undefined; jobs: number }> {
    const [partitions, jobs] = (await this.#runner.run(CENSUS, [], true)) as [string, number];
    return { partitions: partitions === "-" ? undefined : Number(partitions), jobs };
  }

  /** The server's clock, and what was not enqueued. */
  #readEnqueue(jobs: readonly NewJob[], reply: string): EnqueueResult[] {
    const results: EnqueueResult[] = [];
    for (const { id } of jobs) results.push({ status: "enqueued", id });
    const words = reply.split(" ");
    this.#serverClock.observe(Number(words[0]));
    for (let at = 1; at < words.length; at += 3) {
      const [index, why, id] = [Number(words[at]) - 1, words[at + 1], words[at + 2] as string];
      results[index] = why === "f" ? { status: "full" } : { status: "duplicate", id };
    }
    return results;
  }

  #read(reply: unknown, { leaseMs }: FetchRequest): Fetched {
    const fetched = readFetch(this.index, reply as FetchReply, leaseMs);
    if (fetched.reclaimed > 0) this.#onReclaimed(fetched.reclaimed);
    return fetched;
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

function addEntries(words: string[], jobs: readonly NewJob[], time: string): void {
  for (const job of jobs) words.push(encodeEntry(job, time));
}

function addRecords(words: string[], jobs: readonly NewJob[]): void {
  for (const { id } of jobs) words.push(id);
  for (const job of jobs) words.push(encodeRecord(job));
}

function readStale(count: number, stale: readonly number[]): SettleResult[] {
  const results: SettleResult[] = [];
  for (let index = 0; index < count; index++) results.push("ok");
  for (const index of stale) results[index - 1] = "stale";
  return results;
}
