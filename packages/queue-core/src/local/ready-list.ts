import type { JobRecord } from "./job-record.ts";

/** The ready jobs of one priority, first in, first out, with O(1) for every verb: a list linked through the records. */
export class ReadyList {
  #head: JobRecord | undefined;
  #tail: JobRecord | undefined;
  #headPosition = 0;
  #tailPosition = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get head(): JobRecord | undefined {
    return this.#head;
  }

  pushTail(record: JobRecord, nowMs: number): void {
    record.state = "ready";
    record.at = Math.floor(nowMs);
    record.order = ++this.#tailPosition;
    this.append(record);
  }

  /** Puts a job before all others. It counts as ready since the oldest of them, so that the head tells the list's age. */
  pushHead(record: JobRecord, nowMs: number): void {
    const next = this.#head;
    record.state = "ready";
    record.at = next === undefined ? Math.floor(nowMs) : Math.min(Math.floor(nowMs), next.at);
    record.order = this.#headPosition--;
    record.next = next;
    if (next === undefined) this.#tail = record;
    else next.previous = record;
    this.#head = record;
    this.#size++;
  }

  /** Links a record in that knows its position already, behind all others: the journal brings them back in order. */
  append(record: JobRecord): void {
    const previous = this.#tail;
    record.previous = previous;
    if (previous === undefined) this.#head = record;
    else previous.next = record;
    this.#tail = record;
    this.#size++;
    this.#tailPosition = Math.max(this.#tailPosition, record.order);
    this.#headPosition = Math.min(this.#headPosition, record.order - 1);
  }

  remove(record: JobRecord): void {
    const { previous, next } = record;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    // A link that stays would keep every later job alive after this one has been promoted to the old generation.
    record.previous = undefined;
    record.next = undefined;
    this.#size--;
  }

  /** The first job behind a position. O(1) unless the job that stood there was taken out of the middle. */
  after(position: number, hint: JobRecord | undefined): JobRecord | undefined {
    if (hint !== undefined && hint.order === position) return hint.next;
    let record = this.#head;
    while (record !== undefined && record.order <= position) record = record.next;
    return record;
  }
}
