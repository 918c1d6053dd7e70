import type { ChangeLog } from "../change-log.ts";
import type { DedupEntry } from "../dedup-table.ts";
import type { JobRecord, JournalMark } from "../job-record.ts";
import type { JobStore } from "../job-store.ts";
import { ByteWriter } from "./byte-writer.ts";
import { beginFrame, endFrame } from "./frame.ts";
import { EntryWriter } from "./journal-entry.ts";

/** Where the writer's bytes go: a `Segment`. */
export interface SegmentSink {
  readonly number: number;
  readonly bytes: number;
  write(bytes: Buffer): number;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Gathers what has changed and writes it as one frame: of each job the state it is in by then, however often it moved.
 *
 * A write that fails leaves its bytes here, to be sent on with the next: the file never skips a change.
 */
export class JournalWriter implements ChangeLog {
  readonly #store: JobStore;
  readonly #out = new ByteWriter();
  readonly #entries: EntryWriter;
  #segment: SegmentSink;
  readonly #retired: SegmentSink[] = [];
  #sent = 0;
  #lastSync: Promise<void> = Promise.resolve();
  #lastJournalId: number;

  #changed: JobRecord[] = [];
  #keys: DedupEntry[] = [];
  #moving: JobRecord[] = [];
  #pauseChanged = false;

  constructor(store: JobStore, segment: SegmentSink, lastJournalId: number) {
    this.#store = store;
    this.#segment = segment;
    this.#lastJournalId = lastJournalId;
    this.#entries = new EntryWriter(this.#out, store.epochMs);
  }

  get segment(): SegmentSink {
    return this.#segment;
  }

  /** Whether an earlier write has failed and its bytes still wait. */
  get stuck(): boolean {
    return this.#out.length > 0;
  }

  jobChanged(record: JobRecord): void {
    const mark = markOf(record);
    if (mark.dirty) return;
    mark.dirty = true;
    this.#changed.push(record);
  }

  keyTaken(entry: DedupEntry): void {
    this.#keys.push(entry);
  }

  pauseChanged(): void {
    this.#pauseChanged = true;
  }

  /** Writes a job as a whole once more, so that the segments before this one are not needed for it. */
  move(record: JobRecord): void {
    this.#moving.push(record);
  }

  /** Goes on in another segment. What the one before holds is synced with the next {@link sync}. */
  turnTo(segment: SegmentSink): void {
    this.#retired.push(this.#segment);
    this.#segment = segment;
  }

  /** @throws the error of the system call; the same bytes are sent first next time. */
  write(): void {
    this.#encode();
    while (this.#sent < this.#out.length) this.#sent += this.#segment.write(this.#out.bytes(this.#sent));
    this.#out.clear();
    this.#sent = 0;
  }

  /**
   * Resolves when what was written before the call survives a power cut. One at a time: a call that overtook another
   * would answer for a segment that the other is still syncing.
   */
  async sync(): Promise<void> {
    const turn = this.#lastSync.then(async () => this.#syncAll());
    this.#lastSync = turn.catch(() => undefined);
    await turn;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#retired.splice(0), this.#segment].map(async (segment) => segment.close()));
  }

  async #syncAll(): Promise<void> {
    const current = this.#segment;
    for (let [oldest] = this.#retired; oldest !== undefined; [oldest] = this.#retired) {
      await oldest.sync();
      this.#retired.shift();
      await oldest.close();
    }
    await current.sync();
  }

  #encode(): void {
    if (this.#changed.length + this.#keys.length + this.#moving.length === 0 && !this.#pauseChanged) return;
    const start = beginFrame(this.#out);
    this.#entries.queue(this.#store.counters, this.#store.paused);
    for (const record of this.#changed) this.#encodeChange(record);
    for (const record of this.#moving) {
      if (record.state !== "gone") this.#encodeWhole(record, markOf(record));
    }
    for (const entry of this.#keys) {
      entry.segment = this.#segment.number;
      this.#entries.key(entry);
    }
    endFrame(this.#out, start);
    this.#changed = [];
    this.#keys = [];
    this.#moving = [];
    this.#pauseChanged = false;
  }

  #encodeChange(record: JobRecord): void {
    const mark = markOf(record);
    mark.dirty = false;
    // A job that came and went within one turn leaves nothing behind but the counters.
    if (record.state === "gone") {
      if (mark.segment > 0) this.#entries.gone(mark.journalId);
    } else if (mark.segment > 0) this.#entries.state(record, mark.journalId);
    else {
      mark.journalId = ++this.#lastJournalId;
      this.#encodeWhole(record, mark);
    }
  }

  #encodeWhole(record: JobRecord, mark: JournalMark): void {
    mark.segment = this.#segment.number;
    this.#entries.job(record, mark.journalId);
  }
}

/** A store with a change log gives every record a mark. */
function markOf(record: JobRecord): JournalMark {
  return record.mark as JournalMark;
}
