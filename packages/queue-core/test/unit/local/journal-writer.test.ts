import { expect, test } from "vitest";
import { JobStore } from "../../../src/local/job-store.ts";
import { ByteReader } from "../../../src/local/journal/byte-reader.ts";
import { readFrame } from "../../../src/local/journal/frame.ts";
import { readEntries } from "../../../src/local/journal/journal-entry.ts";
import { JournalWriter, type SegmentSink } from "../../../src/local/journal/journal-writer.ts";
import { RecoveredQueue } from "../../../src/local/journal/recovery.ts";
import type { ChangeLog } from "../../../src/local/change-log.ts";

/** A segment in memory that takes so many bytes a write, and none while it is full. */
class MemorySegment implements SegmentSink {
  readonly number: number;
  bytesAWrite = Infinity;
  full = false;
  content = Buffer.alloc(0);
  readonly told: string[] = [];

  constructor(number = 1) {
    this.number = number;
  }

  get bytes(): number {
    return this.content.length;
  }

  write(bytes: Buffer): number {
    if (this.full) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    const taken = bytes.subarray(0, this.bytesAWrite);
    this.content = Buffer.concat([this.content, taken]);
    return taken.length;
  }

  async sync(): Promise<void> {
    this.told.push("sync");
  }

  async close(): Promise<void> {
    this.told.push("close");
  }
}

interface Rig {
  readonly store: JobStore;
  readonly writer: JournalWriter;
  readonly segment: MemorySegment;
}

function newRig(): Rig {
  const segment = new MemorySegment();
  let writer: JournalWriter | undefined;
  const changeLog: ChangeLog = {
    jobChanged: (record) => writer?.jobChanged(record),
    keyTaken: (entry) => writer?.keyTaken(entry),
    pauseChanged: () => writer?.pauseChanged(),
  };
  const store = new JobStore({ maxDepth: Infinity, receiptPrefix: "r", epochMs: 1_000, changeLog });
  writer = new JournalWriter(store, segment, 0);
  return { store, writer, segment };
}

function readAll(content: Buffer): { frames: number; queue: RecoveredQueue } {
  const queue = new RecoveredQueue();
  queue.beginSegment(1, 1);
  let frames = 0;
  for (let at = 0; ; frames++) {
    const frame = readFrame(content, at);
    if (typeof frame === "string") break;
    readEntries(new ByteReader(frame.payload), queue);
    at = frame.end;
  }
  return { frames, queue };
}

test("a segment that takes a few bytes at a time gets all of them in order", () => {
  const { store, writer, segment } = newRig();
  segment.bytesAWrite = 7;
  store.enqueue({ id: "a", body: "body", headers: { trace: "t" }, priority: "high" }, 5);
  writer.write();
  const { queue } = readAll(segment.content);
  expect([...queue.jobs.values()]).toMatchObject([
    { id: "a", body: "body", headers: { trace: "t" }, priority: "high", enqueuedAt: 1_005 },
  ]);
});

test("what a full disk refused is sent first when there is room, and no change is skipped", () => {
  const { store, writer, segment } = newRig();
  store.enqueue({ id: "a", body: "" }, 0);
  segment.full = true;
  expect(() => writer.write()).toThrow("no space");
  expect(writer.stuck).toBe(true);
  store.enqueue({ id: "b", body: "" }, 0);
  segment.full = false;
  writer.write();
  expect(writer.stuck).toBe(false);
  const { frames, queue } = readAll(segment.content);
  expect(frames).toBe(2);
  expect([...queue.jobs.values()].map(({ id }) => id)).toEqual(["a", "b"]);
});

test("a job that moved many times since the last write is written once, as it is", () => {
  const { store, writer, segment } = newRig();
  store.enqueue({ id: "a", body: "" }, 0);
  writer.write();
  const before = segment.bytes;
  for (let failure = 0; failure < 5; failure++) {
    const [delivery] = store.deliver(1, 1_000, 10);
    if (delivery === undefined) throw new Error("expected a delivery");
    store.settle({ receipt: delivery.receipt, outcome: "retry", delayMs: 0, error: "again" }, 10);
  }
  writer.write();
  expect(segment.bytes - before).toBeLessThan(200);
  expect([...readAll(segment.content).queue.jobs.values()]).toMatchObject([
    { latest: { state: "ready", deliveryCount: 5, failures: 5 } },
  ]);
});

test("a job that came and went between two writes leaves only its count", () => {
  const { store, writer, segment } = newRig();
  store.enqueue({ id: "a", body: "x".repeat(1_000) }, 0);
  store.cancel("a");
  writer.write();
  const { queue } = readAll(segment.content);
  expect(queue.jobs.size).toBe(0);
  expect(queue.counters).toMatchObject({ enqueued: 1, cancelled: 1 });
  expect(segment.bytes).toBeLessThan(100);
});

test("nothing is written when nothing has changed", () => {
  const { writer, segment } = newRig();
  writer.write();
  expect(segment.bytes).toBe(0);
});

test("a segment that was left is synced before the one after it, and closed, also by two syncs at once", async () => {
  const { store, writer, segment } = newRig();
  const next = new MemorySegment(2);
  const order: string[] = [];
  segment.sync = async () => void order.push("first");
  next.sync = async () => void order.push("next");
  store.enqueue({ id: "a", body: "" }, 0);
  writer.write();
  writer.turnTo(next);
  await Promise.all([writer.sync(), writer.sync()]);
  expect(order).toEqual(["first", "next", "next"]);
  expect(segment.told).toEqual(["close"]);
});
