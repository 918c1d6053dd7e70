import { randomInt } from "node:crypto";
import type { JobRecord } from "./job-record.ts";

/** Slots at the start; a power of two, as every capacity is. */
const FIRST_CAPACITY = 1_024;
/** Marks a free slot, and a job that is not inside; no hash is 0. */
const FREE = 0;

/**
 * The live jobs by id: open addressing with linear probing over one array of hashes, and the records beside it.
 *
 * A `Map` of a million strings reads the text of several ids for each look-up and rebuilds itself again and again as jobs
 * come and go; this reads one number where the id is new. Every verb is O(1), amortised for {@link add}; scenario
 * `local-flat` shows what it is worth.
 */
export class JobIndex {
  // Hashes are seeded, so that no producer can choose ids that all meet in one slot.
  readonly #seed = randomInt(2 ** 31);
  #hashes = new Int32Array(FIRST_CAPACITY);
  #records: (JobRecord | undefined)[] = newSlots(FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;
  #moves = 0;

  get size(): number {
    return this.#size;
  }

  /** FNV-1a over the characters of an id. */
  hashOf(id: string): number {
    let hash = this.#seed;
    for (let index = 0; index < id.length; index++) {
      hash = Math.imul(hash ^ id.charCodeAt(index), 0x01_00_01_93);
    }
    // The low bits choose the slot: let the high ones have a say.
    hash = (hash ^ (hash >>> 15)) & 0x3f_ff_ff_ff;
    return hash === FREE ? 1 : hash;
  }

  get(id: string, hash: number = this.hashOf(id)): JobRecord | undefined {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = this.#hashes[slot];
      if (found === FREE) return undefined;
      if (found !== hash) continue;
      const record = this.#records[slot];
      if (record?.id === id) return record;
    }
  }

  /** Adds a job whose id is not inside. */
  add(record: JobRecord, hash: number = this.hashOf(record.id)): void {
    record.hash = hash;
    // Half full at most, so that a probe looks at one or two slots.
    if (this.#size * 2 >= this.#mask) this.#grow();
    this.#place(record);
    this.#size++;
  }

  /** Takes out a job that is inside. */
  remove(record: JobRecord): void {
    const mask = this.#mask;
    let hole = record.hash & mask;
    while (this.#records[hole] !== record) hole = (hole + 1) & mask;
    // Whoever was pushed past the hole moves up into it, so that no probe ever meets a grave.
    for (let slot = (hole + 1) & mask; this.#hashes[slot] !== FREE; slot = (slot + 1) & mask) {
      const home = (this.#hashes[slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#hashes[hole] = this.#hashes[slot] as number;
      this.#records[hole] = this.#records[slot];
      if (slot < hole) this.#moves++;
      hole = slot;
    }
    this.#hashes[hole] = FREE;
    this.#records[hole] = undefined;
    this.#size--;
    record.hash = FREE;
  }

  /**
   * Walks over the jobs in no order, also while they come and go: a job that is inside from the first step to the
   * last is seen, once or more.
   */
  *values(): Generator<JobRecord> {
    let moves = this.#moves;
    // Downwards, since jobs only ever move up into a hole, towards the slots that are still to come.
    for (let slot = this.#mask; slot >= 0; slot--) {
      const record = this.#records[slot];
      if (record !== undefined) yield record;
      if (moves === this.#moves) continue;
      // One was carried over the end, or all were placed anew: begin again.
      moves = this.#moves;
      slot = this.#mask + 1;
    }
  }

  #place(record: JobRecord): void {
    let slot = record.hash & this.#mask;
    while (this.#hashes[slot] !== FREE) slot = (slot + 1) & this.#mask;
    this.#hashes[slot] = record.hash;
    this.#records[slot] = record;
  }

  #grow(): void {
    const before = this.#records;
    const capacity = before.length * 2;
    this.#hashes = new Int32Array(capacity);
    this.#records = newSlots(capacity);
    this.#mask = capacity - 1;
    this.#moves++;
    for (const record of before) if (record !== undefined) this.#place(record);
  }
}

function newSlots(capacity: number): (JobRecord | undefined)[] {
  // An array that is filled from its start stays a plain one, however large.
  const slots: (JobRecord | undefined)[] = [];
  for (let slot = 0; slot < capacity; slot++) slots.push(undefined);
  return slots;
}
