import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineJobs, jobType, LocalQueue } from "../../../src/index.ts";
import { RecordingStore } from "../../support/recording-store.ts";

const jobs = defineJobs({
  "email.send": z.object({ to: z.string(), copies: z.number().default(1) }),
  "report.build": jobType<{ month: string }>(),
  "address.check": z.string().refine(async (address) => address.includes("@"), "no address"),
});

describe("defined jobs", () => {
  it("reach the handler of their type, as their schema makes them", async () => {
    const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
    const seen: unknown[] = [];
    const worker = queue.process(
      {
        "email.send": (payload) => void seen.push(payload),
        "report.build": ({ month }, job) => void seen.push([month, job.deliveryCount]),
        "address.check": (address) => void seen.push(address),
      },
      { deadLetters: new RecordingStore(), concurrency: 1 },
    );
    await queue.enqueue("email.send", { to: "ada" });
    await queue.enqueueMany("report.build", [{ month: "2026-10" }]);
    await queue.enqueue("address.check", "ada@example.org");
    await worker.idle();
    expect(seen).toEqual([{ to: "ada", copies: 1 }, ["2026-10", 1], "ada@example.org"]);
    await queue.queue.close();
  });

  it("are refused when their own schema says so, with the place of each issue", async () => {
    const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
    await expect(queue.enqueue("email.send", { to: 1 as unknown as string })).rejects.toMatchObject({
      code: "QUEUE_PAYLOAD_INVALID",
      issues: [expect.stringMatching(/^payload\.to: /)],
    });
    await expect(queue.enqueue("address.check", "nowhere")).rejects.toMatchObject({
      issues: ["payload: no address"],
    });
    await queue.queue.close();
  });

  it("of a type that this release does not know are dead-lettered as invalid", async () => {
    const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
    const store = new RecordingStore();
    await queue.queue.backend.enqueue([{ id: "newer", body: '{"type":"toString","payload":1}' }]);
    const ignore = (): void => {};
    const worker = queue.process(
      { "email.send": ignore, "report.build": ignore, "address.check": ignore },
      { deadLetters: store },
    );
    await worker.idle();
    expect(store.all).toMatchObject([{ reason: "invalid" }]);
    expect(store.all[0]?.message).toContain("Expected one of email.send, report.build, address.check");
    await queue.queue.close();
  });

  it("need a handler each, also where no compiler looks", () => {
    const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
    expect(() => queue.process({} as never, {})).toThrow(
      expect.objectContaining({
        code: "QUEUE_INVALID",
        message: "Expected a handler for each type, got none for email.send, report.build, address.check",
      }),
    );
  });
});
