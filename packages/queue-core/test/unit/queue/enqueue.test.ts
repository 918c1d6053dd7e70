import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LocalBackend, LocalQueue, Queue } from "../../../src/index.ts";
import { newRig } from "../../support/worker-rig.ts";

describe("enqueue", () => {
  it("joins the calls of one tick into batches of at most 250, in their order", async () => {
    const { backend, queue } = newRig<number>();
    await Promise.all(Array.from({ length: 600 }, async (_, n) => queue.enqueue(n)));
    expect(backend.calls).toEqual(["enqueue 250", "enqueue 250", "enqueue 100"]);
    const bodies: unknown[] = [];
    for (let page = 0; page < 3; page++)
      bodies.push(...(await queue.dequeue({ max: 250 })).map((job) => job.payload));
    expect(bodies).toEqual(Array.from({ length: 600 }, (_, n) => n));
  });

  it("keeps its place before an enqueueMany that follows in the same tick", async () => {
    const { queue } = newRig();
    await Promise.all([
      queue.enqueue("first"),
      queue.enqueueMany(["second", "third"]),
      queue.enqueue("fourth"),
    ]);
    const jobs = await queue.dequeue({ max: 10 });
    expect(jobs.map(({ payload }) => payload)).toEqual(["first", "second", "third", "fourth"]);
  });

  it("takes the payload as it is when called", async () => {
    const { queue } = newRig<{ n: number }>();
    const payload = { n: 1 };
    const enqueued = queue.enqueue(payload);
    payload.n = 2;
    await enqueued;
    const [job] = await queue.dequeue();
    expect(job?.payload).toEqual({ n: 1 });
  });

  it("answers the id of the live job for a key or an id that is alive", async () => {
    const { queue } = newRig();
    const id = await queue.enqueue("x", { dedupKey: "once" });
    expect(await queue.enqueue("y", { dedupKey: "once" })).toBe(id);
    expect(await queue.enqueue("z", { id })).toBe(id);
    expect(await queue.metrics()).toMatchObject({ depth: 1, enqueued: 1 });
  });

  it("says QUEUE_FULL, retryable, for what does not fit, and stores the rest", async () => {
    const queue = new LocalQueue<number>("full", { maxDepth: 2 });
    const results = await Promise.allSettled([queue.enqueue(1), queue.enqueue(2), queue.enqueue(3)]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(results[2]).toMatchObject({ reason: { code: "QUEUE_FULL", retryable: true } });
    expect((await queue.enqueueMany([4, 5])).map(({ status }) => status)).toEqual(["full", "full"]);
    await queue.close();
  });

  it("says BACKEND_UNAVAILABLE, retryable, for every job of a call that failed", async () => {
    const { backend, queue } = newRig<number>();
    backend.away.add("enqueue");
    const results = await Promise.allSettled([queue.enqueue(1), queue.enqueue(2)]);
    expect(results).toMatchObject([
      { reason: { code: "BACKEND_UNAVAILABLE", retryable: true } },
      { reason: { code: "BACKEND_UNAVAILABLE", retryable: true } },
    ]);
  });

  it("is safe to send again under the same id when the reply was lost", async () => {
    const { backend, queue } = newRig();
    backend.loseReply.add("enqueue");
    await expect(queue.enqueue("x", { id: "mine" })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    expect(await queue.enqueue("x", { id: "mine" })).toBe("mine");
    expect(await queue.metrics()).toMatchObject({ depth: 1 });
  });

  it("refuses options with every issue, each with its range and what came", async () => {
    const { queue } = newRig();
    await expect(
      queue.enqueue("x", {
        id: "no spaces",
        delayMs: -1,
        maxAttempts: 0,
        dedupTtlMs: 5,
        priority: "urgent" as "high",
      }),
    ).rejects.toMatchObject({
      code: "QUEUE_INVALID",
      issues: [
        "Expected `id` to be 1 to 128 characters of letters, digits, `.`, `_`, `:`, `-`",
        "Expected `delayMs` to be an integer from 0 to 31_536_000_000, got `-1`",
        'Expected `priority` to be one of "high", "normal", "low", got `urgent` (string)',
        "Expected `dedupTtlMs` only beside a `dedupKey`",
        "Expected `maxAttempts` to be an integer from 1 to 1_000, got `0`",
      ],
    });
    await expect(queue.enqueue("x", { headers: { "chimera-replays": "1" } })).rejects.toMatchObject({
      code: "QUEUE_INVALID",
    });
  });
});

describe("a payload", () => {
  const schema = z.object({ to: z.string(), copies: z.number().default(1) });

  it("that does not match the schema is refused with every issue", async () => {
    const queue = new Queue(new LocalBackend("mail"), { schema });
    const wrong = { to: 5, copies: "two" } as unknown as z.input<typeof schema>;
    await expect(queue.enqueue(wrong)).rejects.toMatchObject({
      code: "QUEUE_PAYLOAD_INVALID",
      issues: [expect.stringMatching(/^to: /), expect.stringMatching(/^copies: /)],
    });
    expect(await queue.enqueueMany([{ to: "ada" }, wrong])).toMatchObject([
      { status: "enqueued" },
      { status: "invalid", error: { code: "QUEUE_PAYLOAD_INVALID" } },
    ]);
    expect(await queue.metrics()).toMatchObject({ depth: 1 });
  });

  it("gets the schema's defaults on the way out", async () => {
    const queue = new Queue(new LocalBackend("mail"), { schema });
    await queue.enqueue({ to: "ada" });
    const [job] = await queue.dequeue();
    expect(job?.payload).toEqual({ to: "ada", copies: 1 });
  });

  it("may be checked by a schema that answers later", async () => {
    const slow = schema.refine(async ({ to }) => to !== "nobody", "must be somebody");
    const queue = new Queue(new LocalBackend("mail"), { schema: slow });
    await expect(queue.enqueue({ to: "nobody" })).rejects.toMatchObject({ issues: ["must be somebody"] });
    await queue.enqueue({ to: "ada" });
    const [job] = await queue.dequeue();
    expect(job?.payload).toEqual({ to: "ada", copies: 1 });
  });

  it("has a largest size, in bytes of UTF-8", async () => {
    const { queue } = newRig({ maxBodyBytes: 10 });
    await expect(queue.enqueue("12345678")).resolves.toBeTypeOf("string");
    await expect(queue.enqueue("123456789")).rejects.toMatchObject({ code: "QUEUE_PAYLOAD_TOO_LARGE" });
    await expect(queue.enqueue("€€€")).rejects.toMatchObject({
      message: "Expected a body of at most 10 bytes (`maxBodyBytes`), got 11",
    });
  });

  it("that has no text is refused", async () => {
    const { queue } = newRig<unknown>();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const payload of [undefined, () => {}, circular, 1n]) {
      await expect(queue.enqueue(payload)).rejects.toMatchObject({ code: "QUEUE_PAYLOAD_INVALID" });
    }
  });

  it("comes back to the character, lone surrogates too; a codec that would lose them is refused", async () => {
    const { queue } = newRig();
    await queue.enqueue("\0 \ud800 €\u{1f40d}");
    const [job] = await queue.dequeue();
    expect(job?.payload).toBe("\0 \ud800 €\u{1f40d}");
    const text = { encoding: "text", encode: String, decode: (body: string) => body } as const;
    const plain = newRig({ codec: text });
    await expect(plain.queue.enqueue("\ud800")).rejects.toMatchObject({
      issues: ["the text holds a lone surrogate"],
    });
  });
});
