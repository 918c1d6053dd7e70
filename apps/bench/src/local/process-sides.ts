import fastq from "fastq";
import PQueue from "p-queue";
import { MemoryDeadLetterStore } from "@chimera/dlq";
import { LocalQueue } from "@chimera/queue-core";
import { ratePerSecond, type Scenario, type Sides } from "../scenario.ts";

/** 200 bytes of JSON. */
interface Payload {
  readonly n: number;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Enqueues `n` jobs without waiting for each, and resolves when the handlers have seen them all. */
type Run = (n: number, concurrency: number) => Promise<void>;

const TEXT = "x".repeat(105);

function payloadOf(n: number): Payload {
  return {
    n: 1_000_000 + n,
    to: "somebody@example.org",
    subject: "A subject of an ordinary length",
    text: TEXT,
  };
}

/** Counts what handlers saw, and refuses a run in which it is not exactly what went in. */
class Ledger {
  readonly complete: Promise<void>;
  readonly #n: number;
  #seen = 0;
  #sum = 0;
  #complete!: () => void;

  constructor(n: number) {
    this.#n = n;
    this.complete = new Promise((resolve) => {
      this.#complete = resolve;
    });
  }

  see(payload: Payload): void {
    this.#sum += payload.n - 1_000_000;
    if (++this.#seen === this.#n) this.#complete();
  }

  check(): void {
    const expected = (this.#n * (this.#n - 1)) / 2;
    if (this.#seen !== this.#n || this.#sum !== expected) {
      throw new Error(
        `${this.#n} jobs went in, ${this.#seen} came out with the sum ${this.#sum}, not ${expected}`,
      );
    }
  }
}

/** Ours: leases, retries, time-outs and dead letters at their defaults. */
const localQueue: Run = async (n, concurrency) => {
  const ledger = new Ledger(n);
  const queue = new LocalQueue<Payload>("bench");
  const worker = queue.process(async (payload) => ledger.see(payload), {
    deadLetters: new MemoryDeadLetterStore(),
    concurrency,
  });
  for (let index = 0; index < n; index++) void queue.enqueue(payloadOf(index));
  await ledger.complete;
  await worker.idle();
  const { processed, depth, inFlight } = await queue.metrics();
  if (processed !== n || depth + inFlight > 0) throw new Error(`${processed} of ${n} jobs were settled`);
  ledger.check();
  await queue.close();
};

/** fastq with promises, and the JSON round trip that keeps a payload from being shared done by hand. */
export const fastqPromise: Run = async (n, concurrency) => {
  const ledger = new Ledger(n);
  const queue = fastq.promise<unknown, string>(
    async (text) => ledger.see(JSON.parse(text) as Payload),
    concurrency,
  );
  for (let index = 0; index < n; index++) void queue.push(JSON.stringify(payloadOf(index)));
  await ledger.complete;
  ledger.check();
};

/** p-queue under the same condition. */
export const pQueue: Run = async (n, concurrency) => {
  const ledger = new Ledger(n);
  const queue = new PQueue({ concurrency });
  for (let index = 0; index < n; index++) {
    const text = JSON.stringify(payloadOf(index));
    void queue.add(async () => ledger.see(JSON.parse(text) as Payload));
  }
  await queue.onIdle();
  ledger.check();
};

/** A comparison of `localQueue` with another queue in memory. */
export function localProcess(
  reference: Run,
  concurrency: number,
  described: Pick<Scenario, "title" | "referenceName" | "bar" | "peers">,
): Scenario {
  return {
    ...described,
    unit: "jobs/s",
    better: "higher",
    n: 100_000,
    quickN: 30_000,
    pairs: 9,
    warmups: 3,
    async open(n): Promise<Sides> {
      return {
        ours: async () => ratePerSecond(n, async () => localQueue(n, concurrency)),
        reference: async () => ratePerSecond(n, async () => reference(n, concurrency)),
        close: async () => {},
      };
    },
  };
}
