import { describe, expect, it } from "vitest";
import type { LogFields, Logger } from "@chimera/dlq";
import { newRig, settled } from "../../support/worker-rig.ts";

function recordingLogger(lines: string[]): Logger {
  const note = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
  return { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
}

describe("a worker's events", () => {
  it("tell what became of each job, in order", async () => {
    const { clock, queue, store } = newRig();
    const events: string[] = [];
    const worker = queue.process(
      () => {
        throw new Error("always");
      },
      { deadLetters: store, retry: { maxAttempts: 2 } },
    );
    worker.on("failed", ({ job }) => events.push(`failed ${job.deliveryCount}`));
    worker.on("retrying", ({ delayMs, counts }) => events.push(`retrying in ${delayMs} ${counts}`));
    worker.on("deadLettered", ({ letter }) => events.push(`dead ${letter.reason}`));
    await queue.enqueue("x");
    await settled();
    await clock.advance(100);
    await settled();
    expect(events).toEqual(["failed 1", "retrying in 100 true", "failed 2", "dead exhausted"]);
    await worker.close();
  });

  it("hurt no job when a listener throws or rejects, and are told to the others still", async () => {
    const lines: string[] = [];
    const { queue, store } = newRig({ logger: recordingLogger(lines) });
    const heard: string[] = [];
    const worker = queue.process(() => {}, { deadLetters: store });
    worker.on("completed", () => {
      throw new Error("a listener's own bug with password=hunter2");
    });
    // oxlint-disable-next-line typescript/no-misused-promises -- what is tested
    worker.on("completed", async () => Promise.reject(new Error("a rejecting listener")));
    worker.on("completed", ({ job, durationMs }) => heard.push(`${job.id} ${durationMs}`));
    await queue.enqueue("x", { id: "job" });
    await settled();
    expect(heard).toEqual(["job 0"]);
    expect(await queue.metrics()).toMatchObject({ processed: 1 });
    expect(lines.filter((line) => line.startsWith("error worker.listener_failed"))).toHaveLength(2);
    expect(lines.join()).not.toContain("hunter2");
    await worker.close();
  });

  it("can be unsubscribed from", async () => {
    const { queue, store } = newRig();
    const heard: string[] = [];
    const worker = queue.process(() => {}, { deadLetters: store });
    const off = worker.on("completed", ({ job }) => heard.push(job.id));
    await queue.enqueue("x", { id: "first" });
    await settled();
    off();
    await queue.enqueue("x", { id: "second" });
    await settled();
    expect(heard).toEqual(["first"]);
    await worker.close();
  });
});
