import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LocalBackend, Queue } from "../../../src/index.ts";
import { newRig } from "../../support/worker-rig.ts";

describe("dequeue", () => {
  it("hands out jobs that are settled one by one", async () => {
    const { queue } = newRig();
    await queue.enqueueMany(["a", "b", "c"]);
    const [a, b, c] = await queue.dequeue({ max: 3 });
    expect(await a?.done()).toBe("ok");
    expect(await a?.done()).toBe("stale");
    expect(await b?.retry(1_000, { error: "not yet" })).toBe("ok");
    expect(await c?.release()).toBe("ok");
    expect(await queue.metrics()).toMatchObject({ processed: 1, delayed: 1, depth: 1, inFlight: 0 });
  });

  it("answers nothing when nothing came in time, or the signal ended the wait", async () => {
    const { clock, queue } = newRig();
    const waiting = queue.dequeue({ waitMs: 1_000 });
    await clock.advance(1_000);
    expect(await waiting).toEqual([]);
    const controller = new AbortController();
    const ended = queue.dequeue({ waitMs: 60_000, signal: controller.signal });
    controller.abort();
    expect(await ended).toEqual([]);
  });

  it("refuses what is out of range", async () => {
    const { queue } = newRig();
    await expect(queue.dequeue({ max: 0, leaseMs: 1, waitMs: -1 })).rejects.toMatchObject({
      code: "QUEUE_INVALID",
      issues: { length: 3 },
    });
  });

  it("keeps a lease that is extended, and loses one that is not", async () => {
    const { clock, queue } = newRig();
    await queue.enqueueMany(["kept", "lost"]);
    const [kept, lost] = await queue.dequeue({ max: 2, leaseMs: 1_000 });
    await clock.advance(900);
    expect(await kept?.extend(1_000)).toBe("ok");
    await clock.advance(200);
    expect(await queue.dequeue({ max: 2 })).toMatchObject([{ payload: "lost", deliveryCount: 2 }]);
    expect(await lost?.done()).toBe("stale");
    expect(await kept?.done()).toBe("ok");
  });

  it("says of a job that cannot be decoded what is wrong, and helps to bury it", async () => {
    const backend = new LocalBackend("jobs");
    const queue = new Queue(backend, { schema: z.number() });
    await backend.enqueue([{ id: "bad", body: '"text"' }]);
    const [job] = await queue.dequeue();
    expect(job?.invalid).toMatchObject({ code: "QUEUE_PAYLOAD_INVALID" });
    expect(() => job?.payload).toThrow(expect.objectContaining({ code: "QUEUE_PAYLOAD_INVALID" }));
    const letter = job?.toDeadLetter("invalid", { message: "not a number", code: "QUEUE_PAYLOAD_INVALID" });
    expect(letter).toMatchObject({ reason: "invalid", payload: '"text"', attempts: 0, target: "queue:jobs" });
    expect(await job?.dead()).toBe("ok");
    expect(await queue.metrics()).toMatchObject({ deadLettered: 1 });
  });

  it("shows the producer's headers and none of Chimera's own", async () => {
    const { queue } = newRig();
    await queue.enqueue("x", { headers: { trace: "abc" }, maxAttempts: 2, backoff: { baseDelayMs: 5 } });
    const [job] = await queue.dequeue();
    expect(job?.headers).toEqual({ trace: "abc" });
  });
});
