import { open, readFile, rm, writeFile } from "node:fs/promises";
import type { Logger } from "@chimera/dlq";
import { QueueError } from "../../errors.ts";
import { newJobCounters, type JobCounters } from "../job-counters.ts";
import { ByteReader } from "./byte-reader.ts";
import { readFrame } from "./frame.ts";
import { readEntries, type EntrySink, type JournaledJob, type JournaledState } from "./journal-entry.ts";
import { listSegments, readSegmentHead, segmentPath } from "./segment.ts";

export interface RecoveredJob extends JournaledJob {
  /** The newest segment that holds the whole job. */
  readonly segment: number;
}

export interface RecoveredKey {
  readonly jobId: string;
  readonly expiresAt: number;
  readonly segment: number;
}

/** Everything that a journal says. */
export class RecoveredQueue implements EntrySink {
  readonly jobs: Map<number, RecoveredJob> = new Map();
  readonly keys: Map<string, RecoveredKey> = new Map();
  counters: JobCounters = newJobCounters();
  paused = false;
  lastJournalId = 0;
  /** How often the journal had been opened. */
  openings = 0;
  /** The segments that were read, oldest first. */
  readonly segments: number[] = [];
  bytes = 0;
  #segment = 0;

  beginSegment(number: number, opening: number): void {
    this.#segment = number;
    this.segments.push(number);
    this.openings = Math.max(this.openings, opening);
  }

  queue({ counters, paused }: { readonly counters: JobCounters; readonly paused: boolean }): void {
    this.counters = counters;
    this.paused = paused;
  }

  job(job: JournaledJob): void {
    this.lastJournalId = Math.max(this.lastJournalId, job.journalId);
    this.jobs.set(job.journalId, { ...job, segment: this.#segment });
  }

  state(journalId: number, state: JournaledState): void {
    // None: the segment with the whole job was removed, so a later one brings all of it.
    const job = this.jobs.get(journalId);
    if (job !== undefined) job.latest = state;
  }

  gone(journalId: number): void {
    this.lastJournalId = Math.max(this.lastJournalId, journalId);
    this.jobs.delete(journalId);
  }

  key(key: string, jobId: string, expiresAt: number): void {
    this.keys.set(key, { jobId, expiresAt, segment: this.#segment });
  }
}

/**
 * Reads a journal, oldest segment first. The newest two may end in what a crash cut short: what is not whole there was
 * never answered for, and is cut off. All before them were synced.
 *
 * @throws QueueError `QUEUE_JOURNAL` when it is another queue's, or when an older segment is not what was written.
 */
export async function recoverJournal(
  directory: string,
  queueName: string,
  logger: Logger,
): Promise<RecoveredQueue> {
  const recovered = new RecoveredQueue();
  const numbers = await listSegments(directory);
  for (const number of numbers) {
    await readSegment(recovered, directory, number, queueName, number >= (numbers.at(-2) ?? 0), logger);
  }
  return recovered;
}

async function readSegment(
  recovered: RecoveredQueue,
  directory: string,
  number: number,
  queueName: string,
  mayBeCut: boolean,
  logger: Logger,
): Promise<void> {
  const path = segmentPath(directory, number);
  const file = await readFile(path);
  const start = readSegmentHead(file, path);
  if (start === undefined) {
    // A crash between making the file and syncing its head: nothing was written after it.
    if (!mayBeCut) throw damaged(path, 0);
    await rm(path);
    return;
  }
  const { head } = start;
  if (head.queueName !== queueName) {
    throw new QueueError("QUEUE_JOURNAL", `${path} is the journal of the queue \`${head.queueName}\``);
  }
  recovered.beginSegment(number, head.opening);
  const end = readFrames(recovered, file, start.end);
  recovered.bytes += end.at;
  if (end.reason === "end") return;
  if (!mayBeCut) throw damaged(path, end.at);
  await cutOff(path, file, end.at, end.reason, logger);
}

function readFrames(
  recovered: RecoveredQueue,
  file: Buffer,
  start: number,
): { at: number; reason: "end" | "torn" | "damaged" } {
  for (let at = start; ;) {
    const frame = readFrame(file, at);
    if (typeof frame === "string") return { at, reason: frame };
    readEntries(new ByteReader(frame.payload), recovered);
    at = frame.end;
  }
}

async function cutOff(
  path: string,
  file: Buffer,
  at: number,
  reason: "torn" | "damaged",
  logger: Logger,
): Promise<void> {
  const bytes = file.length - at;
  // A power cut may leave whole but wrong frames behind writes that were never synced, and a bad disk anywhere: keep them.
  if (reason === "damaged") await writeFile(`${path}.damaged-at-${at}`, file.subarray(at), { mode: 0o600 });
  const handle = await open(path, "r+");
  try {
    await handle.truncate(at);
    await handle.sync();
  } finally {
    await handle.close();
  }
  logger.warn("queue.journal.cut_off", { path, at, bytes, reason });
}

function damaged(path: string, at: number): QueueError {
  return new QueueError("QUEUE_JOURNAL", `${path} is damaged at byte ${at}, and later segments build on it`);
}
