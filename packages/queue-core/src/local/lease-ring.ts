import type { JobRecord } from "./job-record.ts";

/** Places at the start; a power of two, as every capacity is. */
const FIRST_CAPACITY = 1_024;
/** Numbers between the oldest and the newest lease at most, so that one that stays does not keep a place for each that went. */
const MAX_CAPACITY = 65_536;

/**
 * Leases by the number of their delivery, as long as none ends before one that began earlier: every verb is O(1). The
 * place of a lease that ended stays empty until the oldest one has gone past it.
 */
export class LeaseRing {
  #places: (JobRecord | undefined)[] = emptyPlaces(FIRST_CAPACITY);
  #first = 0;
  #end = 0;
  #lastDeadline = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The lease that ends first. */
  get oldest(): JobRecord | undefined {
    return this.#at(this.#first);
  }

  get(number: number): JobRecord | undefined {
    return number >= this.#first && number < this.#end ? this.#at(number) : undefined;
  }

  /** Answers false, and does nothing, for a lease that is out of order, or when the oldest must leave first. */
  push(record: JobRecord): boolean {
    const { order: number, at: deadline } = record;
    if (this.#size === 0) this.#first = this.#end = number;
    else if (deadline < this.#lastDeadline || !this.#makeRoom(number)) return false;
    for (; this.#end < number; this.#end++) this.#put(this.#end, undefined);
    this.#put(this.#end++, record);
    this.#lastDeadline = deadline;
    this.#size++;
    return true;
  }

  /** Answers whether the lease was inside. */
  remove(record: JobRecord): boolean {
    const number = record.order;
    if (this.get(number) !== record) return false;
    this.#put(number, undefined);
    this.#size--;
    if (this.#size > 0) while (this.#at(this.#first) === undefined) this.#first++;
    else this.#first = this.#end;
    return true;
  }

  *values(): Generator<JobRecord> {
    for (let number = this.#first; number < this.#end; number++) {
      const record = this.#at(number);
      if (record !== undefined) yield record;
    }
  }

  #at(number: number): JobRecord | undefined {
    return this.#places[number & (this.#places.length - 1)];
  }

  #put(number: number, record: JobRecord | undefined): void {
    this.#places[number & (this.#places.length - 1)] = record;
  }

  /** Whether the oldest and `number` fit in together, with more places if need be. */
  #makeRoom(number: number): boolean {
    const needed = number - this.#first + 1;
    if (needed > MAX_CAPACITY) return false;
    if (needed <= this.#places.length) return true;
    let capacity = this.#places.length;
    while (capacity < needed) capacity *= 2;
    const places = emptyPlaces(capacity);
    for (const record of this.values()) places[record.order & (capacity - 1)] = record;
    this.#places = places;
    return true;
  }
}

function emptyPlaces(capacity: number): (JobRecord | undefined)[] {
  const places: (JobRecord | undefined)[] = [];
  for (let place = 0; place < capacity; place++) places.push(undefined);
  return places;
}
