import { deepStrictEqual, ok } from "node:assert";
import type {
  Delivery,
  DequeueRequest,
  EnqueueResult,
  NewJob,
  QueueAdmin,
  QueueBackend,
  QueueMetrics,
  Receipt,
  Settlement,
} from "../protocol.ts";
import type { ConformanceFixture } from "./conformance-case.ts";

/** The lease of a delivery unless a case says otherwise: far longer than any case runs. */
export const LEASE_MS = 30_000;
/** Longer than {@link LEASE_MS} by more than the second that rule 4 leaves for reclaiming. */
export const PAST_LEASE_MS = 32_000;

/** How to end a delivery, without naming its receipt. */
export type Outcome = Settlement extends infer Each
  ? Each extends { readonly receipt: Receipt }
    ? Omit<Each, "receipt">
    : never
  : never;

/** One case at work: its queue, the moves that cases are made of, and what has to be closed afterwards. */
export class CaseSession {
  backend: QueueBackend;
  readonly #fixture: ConformanceFixture;
  readonly #opened = new Set<QueueBackend>();

  constructor(fixture: ConformanceFixture, backend: QueueBackend) {
    this.#fixture = fixture;
    this.backend = backend;
    this.#opened.add(backend);
  }

  get admin(): QueueAdmin {
    const { admin } = this.backend;
    ok(admin !== undefined, "a case that uses `admin` must say that it needs it");
    return admin;
  }

  async peer(): Promise<QueueBackend> {
    const peer = await this.#fixture.createPeer?.(this.backend);
    ok(peer !== undefined, "a case that uses a peer must say that it needs `createPeer`");
    this.#opened.add(peer);
    return peer;
  }

  async advance(durationMs: number): Promise<void> {
    ok(
      this.#fixture.advanceClock !== undefined,
      "a case that moves time must say that it needs `advanceClock`",
    );
    await this.#fixture.advanceClock(durationMs);
  }

  async killConnection(): Promise<void> {
    await this.#fixture.killConnection?.(this.backend);
  }

  /** Kills and restarts what holds the queue; `backend` is then the one to go on with. */
  async restart(): Promise<void> {
    const backend = await this.#fixture.restartServer?.(this.backend);
    ok(backend !== undefined, "a case that restarts must say that it needs `restartServer`");
    this.#opened.add(backend);
    this.backend = backend;
  }

  /** Enqueues jobs that must all be taken. A name alone is a job with that id and an empty body. */
  async enqueue(...jobs: readonly (string | NewJob)[]): Promise<void> {
    const all = jobs.map(toJob);
    deepStrictEqual(
      await this.backend.enqueue(all),
      all.map(({ id }) => ({ status: "enqueued", id })),
    );
  }

  /** Enqueues one job and answers what became of it. */
  async offer(job: string | NewJob): Promise<EnqueueResult | undefined> {
    return (await this.backend.enqueue([toJob(job)]))[0];
  }

  /** Hands out what is ready now. */
  async take(max = 250, request: Partial<DequeueRequest> = {}): Promise<Delivery[]> {
    return this.backend.dequeue({ max, leaseMs: LEASE_MS, ...request });
  }

  async takeIds(max = 250): Promise<string[]> {
    return idsOf(await this.take(max));
  }

  /** Hands out one job, which must be there, and be this one if an id is given. */
  async takeOne(id?: string): Promise<Delivery> {
    const [delivery] = await this.take(1);
    ok(delivery !== undefined, `expected ${id ?? "a job"} to be handed out, got nothing`);
    if (id !== undefined) deepStrictEqual(delivery.job.id, id);
    return delivery;
  }

  /** Ends deliveries, each of which must be current. */
  async settle(outcome: Outcome, ...deliveries: readonly Delivery[]): Promise<void> {
    deepStrictEqual(
      await this.backend.settle(deliveries.map(({ receipt }) => ({ ...outcome, receipt }))),
      deliveries.map(() => "ok"),
    );
  }

  /** Ends a delivery that must be stale, in every way there is. */
  async expectStale(receipt: Receipt): Promise<void> {
    const settled = await this.backend.settle([
      { receipt, outcome: "done" },
      { receipt, outcome: "retry", delayMs: 0, error: "stale" },
      { receipt, outcome: "release" },
      { receipt, outcome: "dead" },
    ]);
    const extended = await this.backend.extend([receipt], LEASE_MS);
    deepStrictEqual([...settled, ...extended], ["stale", "stale", "stale", "stale", "stale"]);
  }

  /** Lets the lease of everything in flight end and be reclaimed, and hands out what is ready then. */
  async takeAfterLeases(max = 250): Promise<Delivery[]> {
    await this.advance(PAST_LEASE_MS);
    return this.take(max);
  }

  /** Checks some of the metrics. */
  async expectMetrics(expected: Partial<QueueMetrics>): Promise<void> {
    const metrics = await this.backend.metrics();
    const seen = Object.fromEntries(
      Object.keys(expected).map((name) => [name, metrics[name as keyof QueueMetrics]]),
    );
    deepStrictEqual(seen, expected);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened].map(async (backend) => backend.close({ deadlineMs: 2_000 })));
  }
}

export function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ job }) => job.id);
}

/** `prefix0`, `prefix1`, … */
export function manyIds(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

export function toJob(job: string | NewJob): NewJob {
  return typeof job === "string" ? { id: job, body: "" } : job;
}
