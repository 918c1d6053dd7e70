import type { JobRecord } from "./job-record.ts";
import { PackedJobs } from "./packed-jobs.ts";
import { Slabs } from "./slab.ts";

/** Places of a chunk: a power of two. */
const CHUNK_BITS = 8;
const CHUNK = 1 << CHUNK_BITS;
/** Chunks at the head that are not packed, 4_096 jobs: those that are handed out soon are not worth it. */
const OPEN_CHUNKS = 16;

/** The places of a chunk without jobs, to be copied. */
const NO_JOBS: readonly (JobRecord | undefined)[] = Array.from({ length: CHUNK }, () => undefined);

/** A piece of a list, so that no list is ever copied to grow, and jobs can be packed a piece at a time. */
class Chunk {
  /** Empty while the jobs are packed. */
  places: (JobRecord | undefined)[] = NO_JOBS.slice();
  packed: PackedJobs | undefined;
  live = 0;

  /** Does nothing to a chunk with an empty place. */
  pack(slabs: Slabs): void {
    if (this.live < CHUNK || this.packed !== undefined) return;
    this.packed = PackedJobs.of(this.places as JobRecord[], slabs);
    if (this.packed !== undefined) this.places = [];
  }

  unpack(place: number, slabs: Slabs): void {
    if (this.packed === undefined) return;
    this.places = this.packed.unpack(place, slabs);
    this.packed = undefined;
  }
}

/** Stands for every chunk in the middle of a list whose jobs were all taken out, however many those are. */
const EMPTY = new Chunk();

/**
 * The ready jobs of one priority, first in, first out, with O(1) for every verb, amortised over the jobs that come and go.
 *
 * A job knows its place, so that taking it out of the middle needs no search; the place stays empty. Links from job to
 * job would save the places, but a garbage collector can follow them only one after the other (scenario `local-flat`).
 *
 * Jobs far from the head are packed as they come in, and unpacked, into new records, when the head or a look at the list gets
 * to them: only who holds a job in an index, or in a journal, may take it out of the middle.
 */
export class ReadyList {
  readonly #slabs = new Slabs();
  #chunks: Chunk[] = [new Chunk()];
  /** The place with which the first chunk begins; places go on growing. */
  #base = 0;
  #first = 0;
  #end = 0;
  #headPosition = 0;
  #tailPosition = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get head(): JobRecord | undefined {
    return this.#size === 0 ? undefined : this.#at(this.#first);
  }

  pushTail(record: JobRecord, nowMs: number): void {
    record.state = "ready";
    record.at = Math.floor(nowMs);
    record.order = ++this.#tailPosition;
    this.#append(record);
  }

  /** Puts a job before all others. It counts as ready since the oldest of them, so that the head tells the list's age. */
  pushHead(record: JobRecord, nowMs: number): void {
    const next = this.head;
    record.state = "ready";
    record.at = next === undefined ? Math.floor(nowMs) : Math.min(Math.floor(nowMs), next.at);
    record.order = this.#headPosition--;
    if (this.#first === this.#base) {
      this.#chunks.unshift(new Chunk());
      this.#base -= CHUNK;
    }
    this.#put(--this.#first, record);
  }

  /** Takes a record in that knows its position already, behind all others: the journal brings them back in order. */
  append(record: JobRecord): void {
    this.#tailPosition = Math.max(this.#tailPosition, record.order);
    this.#headPosition = Math.min(this.#headPosition, record.order - 1);
    this.#append(record);
  }

  remove(record: JobRecord): void {
    const place = record.heapIndex;
    const number = this.#chunkOf(place);
    const chunk = this.#chunks[number] as Chunk;
    chunk.places[place & (CHUNK - 1)] = undefined;
    record.heapIndex = -1;
    this.#size--;
    if (--chunk.live === 0 && number > 0 && number < this.#chunks.length - 1) this.#chunks[number] = EMPTY;
    if (this.#size === 0) this.#startAnew();
    else if (place === this.#first) this.#advance();
  }

  /** The jobs in order, for a caller that changes none of them meanwhile. */
  *values(from: number = this.#first): Generator<JobRecord> {
    for (let place = from; place < this.#end; place++) {
      const record = this.#at(place);
      if (record !== undefined) yield record;
    }
  }

  /** The jobs behind a position. O(1) to the first unless the job that stood there was taken out of the middle. */
  *after(position: number, hint: JobRecord | undefined): Generator<JobRecord> {
    if (hint !== undefined && hint.order === position) {
      yield* this.values(hint.heapIndex + 1);
      return;
    }
    for (const record of this.values()) if (record.order > position) yield record;
  }

  #append(record: JobRecord): void {
    const last = this.#chunks.length - 1;
    if (this.#chunkOf(this.#end) > last) {
      if (last > 0 && this.#chunks[last]?.live === 0) this.#chunks[last] = EMPTY;
      if (last >= OPEN_CHUNKS) this.#chunks[last]?.pack(this.#slabs);
      this.#chunks.push(new Chunk());
    }
    this.#put(this.#end++, record);
  }

  #put(place: number, record: JobRecord): void {
    const chunk = this.#chunks[this.#chunkOf(place)] as Chunk;
    chunk.places[place & (CHUNK - 1)] = record;
    chunk.live++;
    record.heapIndex = place;
    this.#size++;
  }

  #at(place: number): JobRecord | undefined {
    const chunk = this.#chunks[this.#chunkOf(place)];
    if (chunk?.packed !== undefined) chunk.unpack(place - (place & (CHUNK - 1)), this.#slabs);
    return chunk?.places[place & (CHUNK - 1)];
  }

  #chunkOf(place: number): number {
    return (place - this.#base) >> CHUNK_BITS;
  }

  /** Goes on to the next job and lets go of the chunks before it. */
  #advance(): void {
    while (this.#at(this.#first) === undefined) {
      const chunk = this.#chunks[0] as Chunk;
      if (chunk.live > 0) this.#first++;
      else {
        this.#chunks.shift();
        this.#base += CHUNK;
        this.#first = this.#base;
      }
    }
  }

  /** The last job is gone: its chunk serves again, however far the places have come. */
  #startAnew(): void {
    this.#chunks = [this.#chunks.find((chunk) => chunk !== EMPTY) ?? new Chunk()];
    this.#base = this.#first = this.#end = 0;
  }
}
