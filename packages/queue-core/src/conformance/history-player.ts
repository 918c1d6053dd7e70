import { ok } from "node:assert";
import type {
  Delivery,
  JobView,
  NewJob,
  QueueBackend,
  QueueMetrics,
  Receipt,
  Settlement,
} from "../protocol.ts";
import { durationMs, type HistoryJob, type HistorySettlement, type HistoryStep } from "./history.ts";

/** Plays the steps of a history on one backend, and answers what two backends must agree on. */
export class HistoryPlayer {
  readonly #backend: QueueBackend;
  readonly #receipts: Receipt[] = [];
  readonly #fences = new Map<string, number>();
  #step = 0;

  constructor(backend: QueueBackend) {
    this.#backend = backend;
  }

  /** The reply of a step, without receipts and moments, which no two backends share. */
  async play(step: HistoryStep): Promise<unknown> {
    this.#step++;
    const { admin } = this.#backend;
    switch (step.verb) {
      case "enqueue":
        return this.#backend.enqueue(step.jobs.map((job) => this.#newJob(job)));
      case "dequeue": {
        const leaseMs = durationMs(step.lease, this.#step);
        return this.#seen(await this.#backend.dequeue({ max: step.max, leaseMs }));
      }
      case "settle":
        return this.#backend.settle(step.settlements.map((settlement) => this.#settlement(settlement)));
      case "extend": {
        const receipts = step.deliveries.map((delivery) => this.#receipt(delivery));
        return this.#backend.extend(receipts, durationMs(step.lease, this.#step));
      }
      case "metrics":
        return comparableMetrics(await this.#backend.metrics());
      case "cancel":
        return admin?.cancel(step.ids);
      case "runNow":
        return admin?.runNow(step.id);
      case "get": {
        const view = await admin?.get(step.id);
        return view && comparableView(view);
      }
      case "browse":
        return this.#browse();
      case "clear":
        return admin?.clear();
      case "pause":
        await admin?.pause();
        return "paused";
      case "resume":
        await admin?.resume();
        return "resumed";
      case "advance":
        // Whoever plays has moved the clock.
        break;
    }
    return undefined;
  }

  #newJob({ id, body, delay, priority, dedupKey, dedupTtl, expiresIn, maxDeliveries }: HistoryJob): NewJob {
    return {
      id,
      body,
      priority,
      maxDeliveries,
      headers: { step: String(this.#step) },
      ...(delay > 0 && { delayMs: durationMs(delay, this.#step) }),
      ...(dedupKey !== undefined && { dedupKey }),
      ...(dedupKey !== undefined && dedupTtl > 0 && { dedupTtlMs: durationMs(dedupTtl, this.#step) }),
      ...(expiresIn > 0 && { expiresInMs: durationMs(expiresIn, this.#step) }),
    };
  }

  #settlement({ delivery, outcome, delay, counts }: HistorySettlement): Settlement {
    const receipt = this.#receipt(delivery);
    if (outcome === "done") return { receipt, outcome, durationMs: 5 };
    if (outcome !== "retry") return { receipt, outcome };
    const delayMs = delay === 0 ? 0 : durationMs(delay, this.#step);
    // Only a failure that counts brings its text.
    return counts
      ? { receipt, outcome, delayMs, error: `step ${this.#step}` }
      : { receipt, outcome, delayMs, counts };
  }

  #receipt(delivery: number): Receipt {
    return this.#receipts[delivery % Math.max(1, this.#receipts.length)] ?? ("never given" as Receipt);
  }

  #seen(deliveries: readonly Delivery[]): unknown {
    return deliveries.map(({ job, receipt, fence, deliveryCount, failures, errors, suspect, exhausted }) => {
      ok(!this.#receipts.includes(receipt), `receipt ${receipt} was given twice`);
      this.#receipts.push(receipt);
      ok(fence > (this.#fences.get(job.id) ?? 0), `the fence of ${job.id} did not grow`);
      this.#fences.set(job.id, fence);
      const { id, body, headers, priority } = job;
      const messages = errors.map(({ message }) => message);
      return {
        id,
        body,
        headers: { ...headers },
        priority,
        deliveryCount,
        failures,
        messages,
        suspect,
        exhausted,
      };
    });
  }

  async #browse(): Promise<unknown> {
    const states = ["ready", "delayed", "in-flight"] as const;
    const pages = await Promise.all(
      states.map(async (state) => this.#backend.admin?.browse({ state, limit: 250 })),
    );
    return pages.map((page) =>
      page?.jobs.map(comparableView).toSorted((left, right) => (left.id < right.id ? -1 : 1)),
    );
  }
}

function comparableMetrics(metrics: QueueMetrics): unknown {
  const { depth, due, delayed, inFlight, paused } = metrics;
  const { enqueued, processed, failed, retried, deadLettered, reclaimed, cancelled, expired } = metrics;
  const places = { depth, due, delayed, inFlight, paused };
  return { ...places, enqueued, processed, failed, retried, deadLettered, reclaimed, cancelled, expired };
}

function comparableView({ job, state, deliveryCount, failures, errors }: JobView): {
  readonly id: string;
  readonly rest: unknown;
} {
  const { id, body, headers, priority } = job;
  const messages = errors.map(({ message }) => message);
  return { id, rest: { body, headers: { ...headers }, priority, state, deliveryCount, failures, messages } };
}
