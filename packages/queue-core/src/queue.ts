import { errorCode, integerIssue, issuesOf, type ReplayTarget } from "@chimera/dlq";
import { assertQueueName, MAX_DURATION_MS } from "./contract-checks.ts";
import { EnqueueBatcher } from "./enqueue-batcher.ts";
import { PressureGauge, type Pressure } from "./pressure.ts";
import { enqueueNowOf, type EnqueueNow } from "./enqueue-now.ts";
import { enqueueError, type EnqueueManyResult } from "./enqueue-outcome.ts";
import { QueueError } from "./errors.ts";
import { newJob } from "./new-job.ts";
import { PayloadGate } from "./payload-gate.ts";
import {
  MAX_BATCH,
  type Delivery,
  type NewJob,
  type QueueAdmin,
  type QueueBackend,
  type QueueMetrics,
} from "./protocol.ts";
import {
  resolveQueueOptions,
  throwIssues,
  type EnqueueOptions,
  type QueueOptions,
  type ResolvedQueueOptions,
} from "./queue-options.ts";
import { DEFAULT_REPLAY_DEDUP_TTL_MS, QueueReplayTarget } from "./queue-replay-target.ts";
import { ReceivedJob } from "./received-job.ts";
import { BatchExecutor, type BatchHandler } from "./worker/batch-executor.ts";
import { Executor, type JobHandler } from "./worker/executor.ts";
import {
  resolveBatchOptions,
  resolveWorkerOptions,
  type BatchWorkerOptions,
  type ResolvedWorkerOptions,
  type WorkerOptions,
} from "./worker/worker-options.ts";
import { Worker, type WorkerSource } from "./worker/worker.ts";

const DAY_MS = 86_400_000;

/** What to hand out to a loop of one's own. */
export interface DequeueOptions {
  /** 1 to 250. @defaultValue 1 */
  readonly max?: number;
  /** Milliseconds until a job may be delivered to somebody else, 100 to 86_400_000. @defaultValue 30_000 */
  readonly leaseMs?: number;
  /** Milliseconds to wait for the first job, 0 to 60_000. @defaultValue 0 */
  readonly waitMs?: number;
  /** Ends the wait; the answer is then `[]`. */
  readonly signal?: AbortSignal;
}

/**
 * A named queue of jobs with payloads of one type, over any backend.
 *
 * `In` is what producers hand in; `Out` is what handlers get, which differs where a schema fills in or converts.
 *
 * @throws QueueError `QUEUE_CLOSED` from every call after `close`.
 */
export class Queue<In = unknown, Out = In> {
  readonly #backend: QueueBackend;
  readonly #options: ResolvedQueueOptions<In, Out>;
  readonly #gate: PayloadGate<In, Out>;
  readonly #batcher: EnqueueBatcher;
  readonly #enqueueNow: EnqueueNow | undefined;
  readonly #gauge: PressureGauge;
  readonly #workers = new Set<Worker>();
  #closing: Promise<void> | undefined;

  /** Takes the backend over: `close` closes it. Connects to nothing. @throws QueueError `QUEUE_INVALID` */
  constructor(backend: QueueBackend, options: QueueOptions<In, Out> = {}) {
    assertQueueName(backend.name);
    this.#backend = backend;
    this.#options = resolveQueueOptions(options);
    const { codec, schema, maxBodyBytes } = this.#options;
    this.#gate = new PayloadGate({ codec, maxBodyBytes, ...(schema !== undefined && { schema }) });
    this.#batcher = new EnqueueBatcher(backend);
    this.#enqueueNow = enqueueNowOf(backend);
    this.#gauge = new PressureGauge(async () => backend.metrics(), this.#options.clock, options.pressure);
  }

  get name(): string {
    return this.#backend.name;
  }

  /** What stores the jobs, for measuring and for tools that speak the protocol. */
  get backend(): QueueBackend {
    return this.#backend;
  }

  /** Pause, look into, cancel; `undefined` where the backend cannot. */
  get admin(): QueueAdmin | undefined {
    return this.#backend.admin;
  }

  /**
   * Resolves with the job's id once the backend has it; with the id of the live job when there is one under the same
   * id or dedup key. Calls of the same tick travel together, in order.
   *
   * @throws QueueError `QUEUE_INVALID`, `QUEUE_PAYLOAD_INVALID`, `QUEUE_PAYLOAD_TOO_LARGE`: nothing was sent.
   * @throws QueueError `QUEUE_FULL`, `BACKEND_FULL` (retryable): nothing was stored.
   * @throws QueueError `BACKEND_UNAVAILABLE` (retryable): the job may be stored; enqueueing it again is safe with an `id` of your own.
   */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would make a second promise a job
  enqueue(payload: In, options?: EnqueueOptions): Promise<string> {
    try {
      this.#assertOpen();
      const body = this.#gate.encode(payload);
      return typeof body === "string" ? this.#add(body, options) : this.#addLater(body, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Enqueues payloads in order, with the same options each, and answers one result each. Not atomic: some may be
   * enqueued and others not. An `id` or `dedupKey` would be the same for all, so neither is taken.
   */
  async enqueueMany(
    payloads: readonly In[],
    options?: Omit<EnqueueOptions, "id" | "dedupKey" | "dedupTtlMs">,
  ): Promise<EnqueueManyResult[]> {
    this.#assertOpen();
    const results: EnqueueManyResult[] = Array.from({ length: payloads.length });
    const jobs: NewJob[] = [];
    const places: number[] = [];
    for (const [index, payload] of payloads.entries()) {
      try {
        const encoded = this.#gate.encode(payload);
        const body = typeof encoded === "string" ? encoded : await encoded;
        const id = this.#options.createId();
        const fresh = this.#options.freshIds;
        const job = options === undefined ? { id, body, fresh } : { ...newJob(id, body, options), fresh };
        if (this.#enqueueNow !== undefined) {
          results[index] = this.#enqueueNow(job);
          continue;
        }
        jobs.push(job);
        places.push(index);
      } catch (error) {
        if (!isPayloadError(error)) throw error;
        results[index] = { status: "invalid", error };
      }
    }
    // What was enqueued before this call goes first.
    this.#batcher.flush();
    await Promise.all(
      chunksOf(jobs, MAX_BATCH).map(async (chunk, at) => {
        const answers = await this.#backend.enqueue(chunk);
        answers.forEach((answer, index) => {
          results[places[at * MAX_BATCH + index] as number] = answer;
        });
      }),
    );
    return results;
  }

  /**
   * Jobs for a loop of your own, `[]` when none came in time. Each must be settled, or it is delivered again when its lease
   * ends. Most programs want `process`.
   */
  async dequeue(options: DequeueOptions = {}): Promise<ReceivedJob<Out>[]> {
    this.#assertOpen();
    const { max = 1, leaseMs = 30_000, waitMs = 0, signal } = options;
    throwIssues(
      issuesOf(
        integerIssue("max", max, { min: 1, max: MAX_BATCH }),
        integerIssue("leaseMs", leaseMs, { min: 100, max: DAY_MS }),
        integerIssue("waitMs", waitMs, { min: 0, max: 60_000 }),
      ),
    );
    const request = { max, leaseMs, waitMs, ...(signal !== undefined && { signal }) };
    const deliveries = await this.#backend.dequeue(request);
    return Promise.all(deliveries.map(async (delivery) => this.#received(delivery)));
  }

  /** Starts a worker that runs `handler` over the jobs, one by one. It ends with its own `close`, or the queue's. */
  process(handler: JobHandler<Out>, options: WorkerOptions): Worker {
    const resolved = resolveWorkerOptions(options);
    const { concurrency } = resolved;
    const decode = this.#decoder();
    return this.#start(resolved, (hooks) => new Executor({ ...hooks, handler, decode, concurrency }));
  }

  /** Starts a worker that hands over arrays of jobs: for stores that take many rows at the price of one. */
  processBatch(handler: BatchHandler<Out>, options: BatchWorkerOptions): Worker {
    const { worker, batches, maxBatch, maxWaitMs } = resolveBatchOptions(options);
    const batching = { handler, decode: this.#decoder(), concurrency: batches, maxBatch, maxWaitMs };
    return this.#start(worker, (hooks) => new BatchExecutor({ ...hooks, ...batching }));
  }

  async metrics(): Promise<QueueMetrics> {
    return this.#backend.metrics();
  }

  /** How far consumers are behind. Costs one `metrics` call a 100 ms, however often it is asked. */
  async pressure(): Promise<Pressure> {
    return this.#gauge.read();
  }

  /** A real round trip; rejects when the backend cannot serve. */
  async ping(): Promise<void> {
    this.#assertOpen();
    await this.#backend.ping();
  }

  /**
   * Where dead letters of this queue are replayed to.
   *
   * @param options.dedupTtlMs - how long a replay that is resumed is recognised, 1 to 31_536_000_000. @defaultValue 604_800_000 (a week)
   */
  replayTarget(options: { readonly dedupTtlMs?: number } = {}): ReplayTarget {
    const dedupTtlMs = options.dedupTtlMs ?? DEFAULT_REPLAY_DEDUP_TTL_MS;
    throwIssues(issuesOf(integerIssue("dedupTtlMs", dedupTtlMs, { min: 1, max: MAX_DURATION_MS })));
    return new QueueReplayTarget(this.#backend, dedupTtlMs);
  }

  /**
   * Closes the workers, then the backend, within `deadlineMs` (0 to 86_400_000, default 10_000) altogether. Enqueues that were
   * called before are sent. Idempotent.
   */
  async close({ deadlineMs = 10_000 }: { readonly deadlineMs?: number } = {}): Promise<void> {
    throwIssues(issuesOf(integerIssue("deadlineMs", deadlineMs, { min: 0, max: DAY_MS })));
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // oxlint-disable-next-line typescript/promise-function-async -- as above
  #add(body: string, options: EnqueueOptions | undefined): Promise<string> {
    const id = options?.id ?? this.#options.createId();
    const fresh = options?.id === undefined && this.#options.freshIds;
    const job = options === undefined ? { id, body, fresh } : { ...newJob(id, body, options), fresh };
    if (this.#enqueueNow === undefined) return this.#batcher.add(job);
    const result = this.#enqueueNow(job);
    if (result.status === "enqueued" || result.status === "duplicate") return Promise.resolve(result.id);
    return Promise.reject(enqueueError(this.name, id, result));
  }

  async #addLater(body: Promise<string>, options: EnqueueOptions | undefined): Promise<string> {
    return this.#add(await body, options);
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + deadlineMs;
    this.#batcher.flush();
    await Promise.all([...this.#workers].map(async (worker) => worker.close({ deadlineMs })));
    await this.#backend.close({ deadlineMs: Math.max(0, Math.ceil(endsAt - clock.monotonic())) });
  }

  #start(options: ResolvedWorkerOptions, createRunner: WorkerSource["createRunner"]): Worker {
    this.#assertOpen();
    const { codec, clock, random, logger } = this.#options;
    const source = { backend: this.#backend, encoding: codec.encoding, clock, random, logger, createRunner };
    const worker = new Worker(source, options);
    for (const other of this.#workers) if (other.status.state === "closed") this.#workers.delete(other);
    this.#workers.add(worker);
    return worker;
  }

  #decoder(): (body: string) => Out | Promise<Out> {
    const gate = this.#gate;
    // oxlint-disable-next-line typescript/promise-function-async -- without an asynchronous schema it makes none
    return (body) => gate.decode(body);
  }

  async #received(delivery: Delivery): Promise<ReceivedJob<Out>> {
    const { codec, clock } = this.#options;
    const source = { backend: this.#backend, codec, now: () => clock.now() };
    try {
      return new ReceivedJob(delivery, { payload: await this.#gate.decode(delivery.job.body) }, source);
    } catch (error) {
      if (!isPayloadError(error)) throw error;
      return new ReceivedJob<Out>(delivery, { invalid: error }, source);
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new QueueError("QUEUE_CLOSED", `Queue \`${this.name}\` is closed`);
  }
}

function isPayloadError(error: unknown): error is QueueError {
  const code = errorCode(error);
  return code === "QUEUE_PAYLOAD_INVALID" || code === "QUEUE_PAYLOAD_TOO_LARGE";
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
