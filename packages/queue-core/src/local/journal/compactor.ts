import { rm } from "node:fs/promises";
import { errorMessage, type Logger } from "@chimera/dlq";
import type { JobStore } from "../job-store.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { Segment, segmentPath, type SegmentHead } from "./segment.ts";

/** Jobs that are written once more between two turns of the event loop. */
const JOBS_A_TURN = 250;
/** A segment is read back as one piece: none grows much beyond this, in bytes. */
const SEGMENT_BYTES = 67_108_864;
/** Openings leave a segment each; more than this are rewritten into one. */
const MAX_SEGMENTS = 16;

export interface CompactorOptions {
  readonly directory: string;
  readonly head: SegmentHead;
  readonly compactAtBytes: number;
  readonly store: JobStore;
  readonly writer: JournalWriter;
  readonly commit: GroupCommit;
  readonly logger: Logger;
  /** The segments before the writer's, oldest first. */
  readonly older: readonly number[];
  readonly olderBytes: number;
}

/**
 * Keeps the journal as large as what is alive, while the queue runs on.
 *
 * A new segment is begun, every job that older ones hold is written into it as it is by then, a few a turn; once that is
 * synced the older segments are removed, oldest first. A crash at any point leaves every job in a segment that is there,
 * and the newest word on it last.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  #older: number[];
  #olderBytes: number;
  #compactAtBytes: number;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#older = [...options.older];
    this.#olderBytes = options.olderBytes;
    this.#compactAtBytes = options.compactAtBytes;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#olderBytes + this.#options.writer.segment.bytes;
  }

  /** Looks whether there is something to do, and does it beside everything else. O(1). */
  check(): void {
    if (this.#running !== undefined || this.#closed) return;
    const { directory, logger } = this.#options;
    const compact = this.bytes >= this.#compactAtBytes;
    if (!compact && this.#options.writer.segment.bytes < SEGMENT_BYTES) return;
    this.#running = this.#run(compact)
      .catch((error: unknown) => {
        // The disk is full, or worse: whoever enqueues is told too. Nothing was removed; try again after as much growth.
        logger.warn("queue.journal.compaction_failed", { directory, error: errorMessage(error) });
        this.#compactAtBytes = this.bytes + this.#options.compactAtBytes;
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Rewrites the journal of a process that was started often, each time for a little while. */
  async mergeOpenings(): Promise<void> {
    if (this.#older.length >= MAX_SEGMENTS) await this.#run(true);
  }

  /** Begins nothing new and resolves when nothing is running. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(compact: boolean): Promise<void> {
    const { store, writer, commit } = this.#options;
    await this.#turn();
    if (!compact) return;
    const obsolete = [...this.#older];
    const obsoleteBytes = this.#olderBytes;
    const first = writer.segment.number;

    let moved = 0;
    for (const record of store.jobs.values()) {
      const segment = record.mark?.segment ?? 0;
      if (segment === 0 || segment >= first) continue;
      writer.move(record);
      if (++moved % JOBS_A_TURN === 0) await this.#pause();
      if (this.#closed) return;
    }
    for (const entry of store.dedup.expiring().slice()) {
      if (entry.segment === 0 || entry.segment >= first) continue;
      writer.keyTaken(entry);
      if (++moved % JOBS_A_TURN === 0) await this.#pause();
      if (this.#closed) return;
    }
    await commit.written();
    await writer.sync();

    // The oldest first: a job's last word must never go before the job itself.
    for (const number of obsolete) await rm(segmentPath(this.#options.directory, number));
    this.#older = this.#older.slice(obsolete.length);
    this.#olderBytes -= obsoleteBytes;
    this.#compactAtBytes = Math.max(this.#options.compactAtBytes, this.bytes * 2);
  }

  async #pause(): Promise<void> {
    await this.#options.commit.written();
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#options.writer.segment.bytes >= SEGMENT_BYTES) await this.#turn();
  }

  /** Goes on in a new segment. */
  async #turn(): Promise<void> {
    const { directory, head, writer, commit } = this.#options;
    // So that only the newest two ever have an end that a power cut can take.
    await writer.sync();
    const next = await Segment.create(directory, writer.segment.number + 1, head);
    try {
      // Nothing of a frame may be left behind for the next segment.
      await commit.written();
    } catch (error) {
      await next.close();
      await rm(segmentPath(directory, next.number));
      throw error;
    }
    this.#older.push(writer.segment.number);
    this.#olderBytes += writer.segment.bytes;
    writer.turnTo(next);
  }
}
