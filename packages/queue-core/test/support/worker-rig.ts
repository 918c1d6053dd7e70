import { silentLogger } from "@chimera/dlq";
import { ManualClock } from "@chimera/dlq/testing";
import {
  LocalBackend,
  Queue,
  QueueError,
  type Delivery,
  type DequeueRequest,
  type EnqueueResult,
  type NewJob,
  type QueueAdmin,
  type QueueBackend,
  type QueueMetrics,
  type QueueOptions,
  type Receipt,
  type SettleAndDequeueReply,
  type Settlement,
  type SettleResult,
} from "../../src/index.ts";
import { RecordingStore } from "./recording-store.ts";

type Verb = "enqueue" | "dequeue" | "settle" | "extend";

/** A local backend whose calls are noted, and that can be away or lose its replies. */
export class WatchedBackend implements QueueBackend {
  readonly protocol = 1;
  readonly calls: string[] = [];
  readonly settlements: Settlement[] = [];
  /** Verbs that fail before anything happens. */
  readonly away: Set<Verb> = new Set();
  /** Verbs that do their work, and then fail once. */
  readonly loseReply: Set<Verb> = new Set();
  /** What becomes of each delivery on its way to the worker. */
  distort: (delivery: Delivery) => Delivery = (delivery) => delivery;
  readonly #inner: LocalBackend;

  constructor(inner: LocalBackend) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  get admin(): QueueAdmin {
    return this.#inner.admin;
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return this.#call("enqueue", jobs.length, async () => this.#inner.enqueue(jobs));
  }

  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    return this.#call("dequeue", request.max, async () =>
      (await this.#inner.dequeue(request)).map((delivery) => this.distort(delivery)),
    );
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    this.settlements.push(...settlements);
    return this.#call("settle", settlements.length, async () => this.#inner.settle(settlements));
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    return this.#call("extend", receipts.length, async () => this.#inner.extend(receipts, leaseMs));
  }

  async metrics(): Promise<QueueMetrics> {
    return this.#inner.metrics();
  }

  async ping(): Promise<void> {
    await this.#inner.ping();
  }

  async close(options?: { readonly deadlineMs?: number }): Promise<void> {
    await this.#inner.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner.close();
  }

  async #call<Answer>(verb: Verb, items: number, work: () => Promise<Answer>): Promise<Answer> {
    this.calls.push(`${verb} ${items}`);
    if (this.away.has(verb)) throw unavailable();
    const answer = await work();
    if (this.loseReply.delete(verb)) throw unavailable();
    return answer;
  }
}

/** The same with the facet for backends a round trip away. */
class OneTripBackend extends WatchedBackend {
  async settleAndDequeue(
    settlements: readonly Settlement[],
    { max, leaseMs }: DequeueRequest,
  ): Promise<SettleAndDequeueReply> {
    const results = await this.settle(settlements);
    return { results, deliveries: await this.dequeue({ max, leaseMs }) };
  }
}

function unavailable(): QueueError {
  return new QueueError("BACKEND_UNAVAILABLE", "The server went away", { retryable: true });
}

export interface Rig<T> {
  readonly clock: ManualClock;
  readonly backend: WatchedBackend;
  readonly queue: Queue<T>;
  readonly store: RecordingStore;
}

export interface RigOptions extends Pick<QueueOptions, "maxBodyBytes" | "codec" | "logger"> {
  /** Whether the backend settles and dequeues in one trip. @defaultValue true */
  readonly facet?: boolean;
}

/** A queue in memory on a clock that stands still, without jitter and without log. */
export function newRig<T = string>({ facet = true, ...options }: RigOptions = {}): Rig<T> {
  const clock = new ManualClock();
  const local = new LocalBackend("jobs", { clock });
  const backend = facet ? new OneTripBackend(local) : new WatchedBackend(local);
  const queue = new Queue<T>(backend, { random: () => 1, logger: silentLogger, ...options, clock });
  return { clock, backend, queue, store: new RecordingStore() };
}

/** Lets everything happen that needs no time: some turns of the event loop. */
export async function settled(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise and the means to settle it. */
export function gate<T = void>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
