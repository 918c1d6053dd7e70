import { describe, expect, it } from "vitest";
import { LocalBackend, Queue, type EnqueueResult, type NewJob } from "../../../src/index.ts";
import { ForwardingBackend } from "../../../src/testing/index.ts";

/** Works on enqueue calls elsewhere, and answers them when it is told to. */
class DistantBackend extends ForwardingBackend {
  override readonly overlapsEnqueues: boolean;
  /** The bodies of each call. */
  readonly calls: string[][] = [];
  readonly #unanswered: (() => void)[] = [];

  constructor(overlapsEnqueues: boolean) {
    super(new LocalBackend("distant"));
    this.overlapsEnqueues = overlapsEnqueues;
  }

  override async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    this.calls.push(jobs.map(({ body }) => body));
    await new Promise<void>((resolve) => this.#unanswered.push(resolve));
    return this.inner.enqueue(jobs);
  }

  /** Answers the oldest calls. */
  async answer(count: number): Promise<void> {
    for (const resolve of this.#unanswered.splice(0, count)) resolve();
    await turn();
  }

  get sizes(): number[] {
    return this.calls.map(({ length }) => length);
  }
}

describe("enqueues of one tick, on a backend that works on them elsewhere", () => {
  it("go in halves once as many came before: one at once, one when the first has been written", async () => {
    const { backend, queue, add, end } = setUp();
    add(50);
    await turn();
    expect(backend.sizes).toEqual([50]);
    await backend.answer(1);
    add(50);
    await microTasks();
    expect(backend.sizes).toEqual([50, 25]);
    await turns(2);
    expect(backend.sizes).toEqual([50, 25, 25]);
    await backend.answer(2);
    expect(backend.calls.flat()).toEqual(numbers(100));
    expect(await queue.metrics()).toMatchObject({ depth: 100 });
    await end();
  });

  it("go as one while another call is under way, and when they are few", async () => {
    const { backend, add, end } = setUp();
    add(50);
    await turn();
    await backend.answer(1);
    add(50);
    await turns(2);
    await backend.answer(1);
    add(25);
    await microTasks();
    expect(backend.sizes).toEqual([50, 25, 25, 25]);
    await backend.answer(2);
    add(25);
    add(6);
    await microTasks();
    expect(backend.sizes).toEqual([50, 25, 25, 25, 31]);
    await backend.answer(1);
    await end();
  });

  it("wait for nothing when fewer come than before", async () => {
    const { backend, add, end } = setUp();
    add(80);
    await turn();
    await backend.answer(1);
    add(3);
    await microTasks();
    expect(backend.sizes).toEqual([80, 3]);
    await backend.answer(1);
    await end();
  });

  it("take those of the next tick along with the second half, and stay before an enqueueMany", async () => {
    const { backend, queue, add, end } = setUp();
    add(50);
    await turn();
    await backend.answer(1);
    add(40);
    await microTasks();
    add(2);
    const many = queue.enqueueMany(["many"]);
    await turns(3);
    expect(backend.sizes).toEqual([50, 25, 17, 1]);
    expect(backend.calls.slice(0, 3).flat()).toEqual(numbers(92));
    await backend.answer(3);
    await many;
    await end();
  });

  it("leave nothing behind when all came with the first half", async () => {
    const { backend, add, end } = setUp();
    add(50);
    await turn();
    await backend.answer(1);
    add(25);
    await turns(3);
    expect(backend.sizes).toEqual([50, 25]);
    add(1);
    await turn();
    expect(backend.sizes).toEqual([50, 25, 1]);
    await backend.answer(2);
    await end();
  });

  it("stay one call on a backend that says nothing of it", async () => {
    const { backend, add, end } = setUp(false);
    for (const sizes of [[50], [50, 50]]) {
      add(50);
      await turn();
      expect(backend.sizes).toEqual(sizes);
      await backend.answer(1);
    }
    await end();
  });
});

function setUp(overlapsEnqueues = true): {
  backend: DistantBackend;
  queue: Queue<string>;
  /** Enqueues so many, each with the next number. */
  add: (count: number) => void;
  /** Resolves when all of them are stored and the queue is closed. */
  end: () => Promise<void>;
} {
  const backend = new DistantBackend(overlapsEnqueues);
  const queue = new Queue<string>(backend, { codec: { encoding: "text", encode: String, decode: String } });
  const enqueued: Promise<string>[] = [];
  return {
    backend,
    queue,
    add(count) {
      for (let n = 0; n < count; n++) enqueued.push(queue.enqueue(String(enqueued.length)));
    },
    async end() {
      await Promise.all(enqueued);
      await queue.close();
    },
  };
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}

async function microTasks(): Promise<void> {
  for (let hop = 0; hop < 10; hop++) await Promise.resolve();
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await turn();
}
