import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import {
  defineJobs,
  jobType,
  localCandidate,
  LocalQueue,
  openQueue,
  Queue,
  type JobContext,
  type QueueBackend,
  type QueueCandidate,
} from "../../src/index.ts";

interface Email {
  readonly to: string;
}

declare const backend: QueueBackend;

describe("payload types", () => {
  it("flow from enqueue to the handler", () => {
    const queue = new LocalQueue<Email>("emails");
    expectTypeOf<typeof queue.enqueue>().parameter(0).toEqualTypeOf<Email>();
    queue.process((payload, job) => {
      expectTypeOf(payload).toEqualTypeOf<Email>();
      expectTypeOf(job).toEqualTypeOf<JobContext>();
    });
    queue.processBatch((payloads) => {
      expectTypeOf(payloads).toEqualTypeOf<readonly Email[]>();
    });
    expectTypeOf<typeof queue.dequeue>()
      .returns.resolves.items.toHaveProperty("payload")
      .toEqualTypeOf<Email>();
  });

  it("are inferred from a schema, what goes in apart from what comes out", () => {
    const schema = z.object({ at: z.coerce.date(), retries: z.number().default(0) });
    const queue = new Queue(backend, { schema });
    expectTypeOf<typeof queue.enqueue>().parameter(0).toEqualTypeOf<z.input<typeof schema>>();
    expectTypeOf<Parameters<Parameters<typeof queue.process>[0]>[0]>().toEqualTypeOf<{
      at: Date;
      retries: number;
    }>();
  });

  it("require a worker on a shared queue to say where dead letters go", () => {
    const queue = new Queue<Email>(backend);
    // @ts-expect-error -- `deadLetters` is missing
    queue.process(() => {}, {});
    // @ts-expect-error -- and so are the options
    queue.process(() => {});
    expectTypeOf<Parameters<typeof queue.process>[1]>().toHaveProperty("deadLetters");
  });

  it("are one for each type of defined jobs", () => {
    const jobs = defineJobs({
      "email.send": z.object({ to: z.string() }),
      "report.build": jobType<number>(),
    });
    const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
    expectTypeOf<typeof queue.enqueue<"email.send">>().parameter(1).toEqualTypeOf<{ to: string }>();
    // @ts-expect-error -- a payload of another type
    void queue.enqueue("email.send", 7);
    // @ts-expect-error -- a type that is not defined
    void queue.enqueue("email.sent", { to: "ada" });
    queue.process(
      {
        "email.send": (payload) => expectTypeOf(payload).toEqualTypeOf<{ to: string }>(),
        "report.build": (payload) => expectTypeOf(payload).toEqualTypeOf<number>(),
      },
      {},
    );
    // @ts-expect-error -- "report.build" has no handler
    queue.process({ "email.send": () => {} }, {});
  });

  it("survive the choice of a backend", async () => {
    const shared: QueueCandidate<Queue<Email>> = { name: "shared", open: () => new Queue<Email>(backend) };
    const opened = await openQueue<Queue<Email>>("emails", [shared, localCandidate<Email>("emails")]);
    expectTypeOf(opened.queue).toEqualTypeOf<Queue<Email>>();
  });
});
