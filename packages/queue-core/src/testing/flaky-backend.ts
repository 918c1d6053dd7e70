import { sleep, systemClock, type Clock } from "@chimera/dlq";
import { QueueError } from "../errors.ts";
import type {
  Delivery,
  DequeueRequest,
  EnqueueResult,
  NewJob,
  QueueBackend,
  QueueMetrics,
  Receipt,
  Settlement,
  SettleResult,
} from "../protocol.ts";
import { ForwardingBackend } from "./forwarding-backend.ts";

/** A verb that a fault can be put on. */
export type FlakyVerb = "enqueue" | "dequeue" | "settle" | "extend" | "metrics" | "ping";

/** What goes wrong with a call. */
export type Fault =
  /** The call never reaches the backend and rejects with `BACKEND_UNAVAILABLE` (retryable). */
  | { readonly kind: "unavailable" }
  /** The call is done, and its reply is lost: it rejects with `BACKEND_UNAVAILABLE` all the same. */
  | { readonly kind: "lost-reply" }
  /** The call is done or not, and each of its items answers `unknown`; a verb without items rejects. */
  | { readonly kind: "unknown"; readonly done: boolean }
  /** The call is done `delayMs` later. */
  | { readonly kind: "slow"; readonly delayMs: number };

export interface FlakyBackendOptions {
  /** On which `slow` waits. @defaultValue the system's clock */
  readonly clock?: Clock;
}

interface PlannedFault {
  readonly fault: Fault;
  calls: number;
}

/**
 * A backend that fails when told to, for tests of what is above a backend. Unstable: may change in any release.
 *
 * Every call is counted, and `settleAndDequeue` is not offered, so that no verb goes round its fault.
 */
export class FlakyBackend extends ForwardingBackend {
  readonly #clock: Clock;
  readonly #planned = new Map<FlakyVerb, PlannedFault[]>();
  readonly #calls = new Map<FlakyVerb, number>();

  constructor(inner: QueueBackend, { clock = systemClock }: FlakyBackendOptions = {}) {
    super(inner);
    Reflect.deleteProperty(this, "settleAndDequeue" satisfies keyof QueueBackend);
    this.#clock = clock;
  }

  /** Puts a fault on the next `calls` calls of a verb, behind the faults that it has already. */
  fail(verb: FlakyVerb, fault: Fault, calls = 1): void {
    const planned = this.#planned.get(verb) ?? [];
    planned.push({ fault, calls });
    this.#planned.set(verb, planned);
  }

  /** Takes back every fault that has not happened. */
  heal(): void {
    this.#planned.clear();
  }

  /** How often a verb was called. */
  calls(verb: FlakyVerb): number {
    return this.#calls.get(verb) ?? 0;
  }

  override async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return this.#run("enqueue", async () => this.inner.enqueue(jobs), jobs.length);
  }

  override async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    return this.#run("dequeue", async () => this.inner.dequeue(request));
  }

  override async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return this.#run("settle", async () => this.inner.settle(settlements), settlements.length);
  }

  override async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    return this.#run("extend", async () => this.inner.extend(receipts, leaseMs), receipts.length);
  }

  override async metrics(): Promise<QueueMetrics> {
    return this.#run("metrics", async () => this.inner.metrics());
  }

  override async ping(): Promise<void> {
    await this.#run("ping", async () => this.inner.ping());
  }

  /** @param items - how many results the call has, where each may be unknown. */
  async #run<Reply>(verb: FlakyVerb, call: () => Promise<Reply>, items?: number): Promise<Reply> {
    this.#calls.set(verb, this.calls(verb) + 1);
    const fault = this.#nextFault(verb);
    if (fault === undefined) return call();
    if (fault.kind === "slow") {
      await sleep(this.#clock, fault.delayMs);
      return call();
    }
    if (fault.kind === "lost-reply" || (fault.kind === "unknown" && fault.done)) await call();
    const error = new QueueError("BACKEND_UNAVAILABLE", `A test let \`${verb}\` fail: ${fault.kind}`, {
      retryable: true,
    });
    if (fault.kind !== "unknown" || items === undefined) throw error;
    return Array.from({ length: items }, () => ({ status: "unknown", error })) as Reply;
  }

  #nextFault(verb: FlakyVerb): Fault | undefined {
    const planned = this.#planned.get(verb) ?? [];
    const [first] = planned;
    if (first === undefined) return undefined;
    first.calls--;
    if (first.calls === 0) planned.shift();
    return first.fault;
  }
}
