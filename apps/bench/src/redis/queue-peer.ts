/** What the Redis scenarios send: 200 bytes of JSON, with a number that tells each job from the others. */
export interface BenchPayload {
  readonly n: number;
  readonly text: string;
}

export function payloadOf(n: number, size = 200): BenchPayload {
  // `{"n":1000000,"text":""}` is 23 bytes.
  return { n: 1_000_000 + n, text: "x".repeat(Math.max(0, size - 23)) };
}

export function payloads(from: number, count: number, size?: number): BenchPayload[] {
  return Array.from({ length: count }, (_, index) => payloadOf(from + index, size));
}

/** How a queue is drained. */
export interface DrainOptions {
  readonly concurrency: number;
  /** Jobs held ahead, where the queue can; its default otherwise. */
  readonly prefetch?: number;
}

/** A queue as the scenarios see it, ours or a peer's. */
export interface QueuePeer {
  enqueue(payload: BenchPayload): Promise<void>;
  /** Hands over a batch in one call of the queue's own. */
  enqueueBulk(batch: readonly BenchPayload[]): Promise<void>;
  /** Runs a no-op async handler over jobs until `handled` has seen enough and resolves `until`. */
  work(handled: (n: number) => void, until: Promise<void>, options: DrainOptions): Promise<void>;
  /** Ends the queue's connections. */
  close(): Promise<void>;
}

/** Sees that every job came once. */
export class DeliveryCheck {
  readonly #seen: Uint8Array;
  readonly #all: Promise<void>;
  #left: number;
  #resolve!: () => void;
  #doubled = 0;

  constructor(count: number) {
    this.#seen = new Uint8Array(count);
    this.#left = count;
    this.#all = new Promise((resolve) => (this.#resolve = resolve));
  }

  readonly handled = (n: number): void => {
    const index = n - 1_000_000;
    if (this.#seen[index] !== 0) this.#doubled++;
    this.#seen[index] = 1;
    if (--this.#left === 0) this.#resolve();
  };

  get all(): Promise<void> {
    return this.#all;
  }

  /** @throws Error when a job came twice or one was never handed in. */
  assertExact(): void {
    const missing = this.#seen.reduce((sum, seen) => sum + (seen === 0 ? 1 : 0), 0);
    if (this.#doubled > 0 || missing > 0)
      throw new Error(`${missing} jobs missing, ${this.#doubled} doubled`);
  }
}

/** Fills a queue, not timed. */
export async function fill(peer: QueuePeer, count: number, size?: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    await peer.enqueueBulk(payloads(from, Math.min(1_000, count - from), size));
  }
}

/** Works off a filled queue and checks that every job came exactly once. */
export async function drain(peer: QueuePeer, count: number, options: DrainOptions): Promise<void> {
  const check = new DeliveryCheck(count);
  await peer.work(check.handled, check.all, options);
  check.assertExact();
}
