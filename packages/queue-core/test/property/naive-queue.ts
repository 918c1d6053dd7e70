import type { Clock } from "@chimera/dlq";
import type {
  BrowsePage,
  BrowseRequest,
  Delivery,
  DeliveryError,
  DequeueRequest,
  EnqueueResult,
  JobState,
  JobView,
  NewJob,
  QueueAdmin,
  QueueBackend,
  QueueMetrics,
  Receipt,
  Settlement,
  SettleResult,
} from "../../src/protocol.ts";

interface NaiveJob {
  readonly spec: NewJob;
  readonly enqueuedAt: number;
  state: JobState;
  /** When it is due, or when its lease ends. */
  at: number;
  /** The order among equal moments. */
  order: number;
  receipt: string;
  deliveryCount: number;
  failures: number;
  reclaims: number;
  errors: DeliveryError[];
}

/**
 * The rules of the protocol in the fewest words: arrays, searched from end to end. Written from the rules and not from
 * the local queue, which it is the judge of. It never waits.
 */
export class NaiveQueue implements QueueBackend {
  readonly protocol = 1;
  readonly name = "naive";
  readonly admin: QueueAdmin;
  readonly #clock: Clock;
  readonly #maxDepth: number;
  /** Every live job; ready ones stand in the order in which they will be handed out. */
  #jobs: NaiveJob[] = [];
  readonly #keys: { key: string; jobId: string; until: number }[] = [];
  #order = 0;
  #paused = false;
  readonly #counters = {
    enqueued: 0,
    processed: 0,
    failed: 0,
    retried: 0,
    deadLettered: 0,
    reclaimed: 0,
    cancelled: 0,
    expired: 0,
  };

  constructor(clock: Clock, maxDepth: number | undefined) {
    this.#clock = clock;
    this.#maxDepth = maxDepth ?? Infinity;
    this.admin = {
      pause: async () => void (this.#paused = true),
      resume: async () => void (this.#paused = false),
      get: async (id) => this.#jobs.filter(({ spec }) => spec.id === id).map(viewOf)[0],
      browse: async ({ state }: BrowseRequest): Promise<BrowsePage> => ({
        jobs: this.#in(state).map(viewOf),
      }),
      runNow: async (id) => this.#runNow(id),
      cancel: async (ids) => ids.map((id) => this.#cancel(id)),
      clear: async () =>
        this.#jobs.filter(({ state, spec }) => state !== "in-flight" && this.#cancel(spec.id)).length,
    };
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return jobs.map((spec) => {
      const { id, dedupKey, dedupTtlMs, delayMs = 0 } = spec;
      const twin = this.#jobs.find((job) => job.spec.id === id);
      if (twin !== undefined) return { status: "duplicate", id };
      const holder = this.#keys.find(({ key, until }) => key === dedupKey && until > this.#now());
      if (holder !== undefined) return { status: "duplicate", id: holder.jobId };
      if (this.#jobs.filter(({ state }) => state !== "in-flight").length >= this.#maxDepth) {
        return { status: "full" };
      }
      if (dedupKey !== undefined) {
        this.#keys.push({ key: dedupKey, jobId: id, until: this.#now() + (dedupTtlMs ?? Infinity) });
      }
      const job: NaiveJob = {
        spec,
        enqueuedAt: this.#now(),
        state: "ready",
        at: 0,
        order: 0,
        receipt: "",
        deliveryCount: 0,
        failures: 0,
        reclaims: 0,
        errors: [],
      };
      this.#jobs.push(job);
      this.#counters.enqueued++;
      this.#delay(job, delayMs);
      return { status: "enqueued", id };
    });
  }

  async dequeue({ max, leaseMs }: DequeueRequest): Promise<Delivery[]> {
    for (const job of this.#due("delayed")) this.#toTail(job);
    const expired = this.#due("in-flight");
    for (const job of expired) {
      job.reclaims++;
      this.#counters.reclaimed++;
    }
    for (const job of expired.filter(({ reclaims }) => reclaims > 1)) this.#toTail(job);
    for (const job of expired.filter(({ reclaims }) => reclaims === 1).toReversed()) this.#toHead(job);

    const deliveries: Delivery[] = [];
    while (!this.#paused && deliveries.length < max) {
      const job = this.#next();
      if (job === undefined) break;
      const { expiresInMs = Infinity } = job.spec;
      if (this.#now() >= job.enqueuedAt + expiresInMs) {
        this.#counters.expired++;
        this.#forget(job);
        continue;
      }
      const suspect = job.reclaims >= 2;
      if (suspect && deliveries.length > 0) break;
      deliveries.push(this.#handOut(job, leaseMs));
      if (suspect) break;
    }
    return deliveries;
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return settlements.map((settlement) => {
      const job = this.#holding(settlement.receipt);
      if (job === undefined) return "stale";
      if (settlement.outcome === "done") {
        this.#counters.processed++;
        this.#forget(job);
      } else if (settlement.outcome === "dead") {
        this.#counters.deadLettered++;
        this.#forget(job);
      } else if (settlement.outcome === "release") {
        job.deliveryCount--;
        this.#toHead(job);
      } else {
        this.#counters.retried++;
        if (settlement.counts !== false) {
          this.#counters.failed++;
          job.failures++;
          job.errors = [...job.errors, { at: this.#now(), message: settlement.error ?? "" }].slice(-5);
        }
        this.#delay(job, settlement.delayMs);
      }
      return "ok";
    });
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    return receipts.map((receipt) => {
      const job = this.#holding(receipt);
      if (job === undefined) return "stale";
      job.at = this.#now() + leaseMs;
      return "ok";
    });
  }

  async metrics(): Promise<QueueMetrics> {
    return {
      depth: this.#in("ready").length,
      due: this.#due("delayed").length + this.#due("in-flight").length,
      delayed: this.#in("delayed").length,
      inFlight: this.#in("in-flight").length,
      oldestReadyMs: 0,
      ...this.#counters,
      latency: { p50: 0, p95: 0, p99: 0, count: 0, windowMs: 0 },
      durability: "memory",
      paused: this.#paused,
    };
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #now(): number {
    return this.#clock.now();
  }

  #in(state: JobState): NaiveJob[] {
    return this.#jobs.filter((job) => job.state === state);
  }

  /** Delayed jobs or leases whose time has come, the earliest first. */
  #due(state: JobState): NaiveJob[] {
    return this.#in(state)
      .filter(({ at }) => at <= this.#now())
      .toSorted((left, right) => left.at - right.at || left.order - right.order);
  }

  #next(): NaiveJob | undefined {
    const ready = this.#in("ready");
    const first = (priority: string): NaiveJob | undefined =>
      ready.find(({ spec }) => (spec.priority ?? "normal") === priority);
    return first("high") ?? first("normal") ?? first("low");
  }

  #holding(receipt: string): NaiveJob | undefined {
    return this.#in("in-flight").find((job) => job.receipt === receipt);
  }

  #handOut(job: NaiveJob, leaseMs: number): Delivery {
    const { id, body, headers = {}, priority = "normal", maxDeliveries = 20 } = job.spec;
    job.state = "in-flight";
    job.order = ++this.#order;
    job.receipt = `receipt ${job.order}`;
    job.at = this.#now() + leaseMs;
    job.deliveryCount++;
    return {
      job: { id, body, headers, priority },
      receipt: job.receipt as Receipt,
      fence: job.order,
      deliveryCount: job.deliveryCount,
      failures: job.failures,
      errors: job.errors,
      enqueuedAt: job.enqueuedAt,
      leaseUntil: job.at,
      suspect: job.reclaims >= 2,
      exhausted: job.deliveryCount > maxDeliveries,
    };
  }

  #delay(job: NaiveJob, delayMs: number): void {
    if (delayMs === 0) {
      this.#toTail(job);
      return;
    }
    job.state = "delayed";
    job.at = this.#now() + delayMs;
    job.order = ++this.#order;
  }

  #toTail(job: NaiveJob): void {
    job.state = "ready";
    this.#jobs = [...this.#jobs.filter((other) => other !== job), job];
  }

  #toHead(job: NaiveJob): void {
    job.state = "ready";
    this.#jobs = [job, ...this.#jobs.filter((other) => other !== job)];
  }

  #runNow(id: string): boolean {
    const job = this.#in("delayed").find(({ spec }) => spec.id === id);
    if (job !== undefined) this.#toTail(job);
    return job !== undefined;
  }

  #cancel(id: string): boolean {
    const job = this.#jobs.find(({ spec }) => spec.id === id);
    if (job === undefined) return false;
    this.#counters.cancelled++;
    this.#forget(job);
    return true;
  }

  #forget(job: NaiveJob): void {
    this.#jobs = this.#jobs.filter((other) => other !== job);
    for (const key of this.#keys) {
      // A key with a time of its own outlives its job.
      if (key.jobId === job.spec.id && key.until === Infinity) key.until = -Infinity;
    }
  }
}

function viewOf({ spec, state, deliveryCount, failures, errors, enqueuedAt }: NaiveJob): JobView {
  const { id, body, headers = {}, priority = "normal" } = spec;
  return { job: { id, body, headers, priority }, state, deliveryCount, failures, errors, enqueuedAt };
}
