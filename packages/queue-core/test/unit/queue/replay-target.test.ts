import { describe, expect, it } from "vitest";
import { newRig, settled } from "../../support/worker-rig.ts";

const replayId = "018bcfe5-6800-7000-8000-00000000000a";

describe("a queue as the target of a replay", () => {
  it("takes each letter once, however often the replay is resumed, and counts the replays on", async () => {
    const { queue, store } = newRig();
    let broken = true;
    const worker = queue.process(
      () => {
        if (broken) throw new Error("a bug");
      },
      { deadLetters: store, retry: { maxAttempts: 1 } },
    );
    await queue.enqueue("payload", { headers: { trace: "abc" } });
    await settled();
    const [letter] = store.all;
    if (letter === undefined) throw new Error("no letter");

    const target = queue.replayTarget();
    expect(target.name).toBe("queue:jobs");
    expect(await target.take([{ letter, replayId }], {})).toEqual(["taken"]);
    await settled();
    const again = store.all.find(({ id }) => id !== letter.id);
    expect(again).toMatchObject({ replays: 1, payload: '"payload"', headers: { trace: "abc" } });

    broken = false;
    // Resumed after the job was done: the key outlives the job.
    expect(await target.take([{ letter, replayId }], {})).toEqual(["duplicate"]);
    await settled();
    expect(await queue.metrics()).toMatchObject({ enqueued: 2, deadLettered: 2 });
    await worker.close();
  });

  it("says of each item that does not fit that it failed", async () => {
    const { backend, queue, store } = newRig();
    const worker = queue.process(async () => Promise.reject(new Error("x")), {
      deadLetters: store,
      retry: { maxAttempts: 1 },
    });
    await queue.enqueue("x");
    await settled();
    const [letter] = store.all;
    if (letter === undefined) throw new Error("no letter");
    backend.away.add("enqueue");
    await expect(queue.replayTarget().take([{ letter, replayId }], {})).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
    });
    await worker.close();
  });

  it("stops between batches when it is told to", async () => {
    const { queue } = newRig();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(queue.replayTarget().take([{} as never], { signal })).rejects.toThrow("enough");
  });
});
