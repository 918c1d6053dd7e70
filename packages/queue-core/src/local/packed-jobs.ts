import { JobRecord, type JobTroubles } from "./job-record.ts";
import type { JobTerms } from "./job-terms.ts";
import type { Slab, Slabs } from "./slab.ts";

/** Characters of ids and bodies that are packed together at most: large bodies are few objects a byte already. */
const MAX_LENGTH = 1_048_576;
/** Numbers that are kept of a job. */
const NUMBERS = 6;
/** What each job has of a kind: a list, or the one that all have. */
type Column<Value> = readonly Value[] | { readonly shared: Value };

/**
 * Ready jobs that wait far from the head, as one piece of bytes and one of numbers.
 *
 * A garbage collector visits every object again and again for as long as its job waits. Packed, hundreds of jobs are a
 * handful of objects, and what a job costs no longer depends on how many wait (scenario `local-flat`).
 */
export class PackedJobs {
  readonly #count: number;
  readonly #slab: Slab;
  readonly #terms: Column<JobTerms>;
  readonly #troubles: Column<JobTroubles>;

  private constructor(records: readonly JobRecord[], slab: Slab) {
    this.#count = records.length;
    this.#slab = slab;
    const { numbers } = slab;
    let next = 0;
    let textEnd = 0;
    for (const { id, body, enqueuedAt, at, order, deliveryCount } of records) {
      numbers[next++] = textEnd += id.length;
      numbers[next++] = textEnd += body.length;
      numbers[next++] = enqueuedAt;
      numbers[next++] = at;
      numbers[next++] = order;
      numbers[next++] = deliveryCount;
    }
    this.#terms = columnOf(records, ({ terms }) => terms);
    this.#troubles = columnOf(records, ({ troubles }) => troubles);
  }

  /**
   * Packs jobs; the records are dead from here on. Answers `undefined`, and does nothing, when an index or a journal may
   * hold one of them, or when they are too large to be moved at once.
   */
  static of(records: readonly JobRecord[], slabs: Slabs): PackedJobs | undefined {
    let length = 0;
    for (const { id, body, hash, mark } of records) {
      if (hash !== 0 || mark !== undefined) return undefined;
      length += id.length + body.length;
    }
    if (length > MAX_LENGTH) return undefined;
    const slab = slabs.take(length, records.length * NUMBERS);
    slab.write(records, length);
    return new PackedJobs(records, slab);
  }

  /** The jobs as they were, in new records, the first of which stands at `place`. Once: the slab goes back. */
  unpack(place: number, slabs: Slabs): JobRecord[] {
    const slab = this.#slab;
    const records: JobRecord[] = [];
    let idStart = 0;
    for (let index = 0; index < this.#count; index++) {
      const first = index * NUMBERS;
      const bodyStart = this.#number(first);
      const bodyEnd = this.#number(first + 1);
      const record = new JobRecord(
        slab.text(idStart, bodyStart),
        slab.text(bodyStart, bodyEnd),
        valueAt(this.#terms, index),
        this.#number(first + 2),
        undefined,
      );
      record.state = "ready";
      record.at = this.#number(first + 3);
      record.order = this.#number(first + 4);
      record.heapIndex = place + index;
      record.deliveryCount = this.#number(first + 5);
      record.troubles = valueAt(this.#troubles, index);
      records.push(record);
      idStart = bodyEnd;
    }
    slabs.give(slab);
    return records;
  }

  #number(index: number): number {
    return this.#slab.numbers[index] as number;
  }
}

function columnOf<Value>(
  records: readonly JobRecord[],
  valueOf: (record: JobRecord) => Value,
): Column<Value> {
  const values = records.map(valueOf);
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? { shared: first } : values;
}

function valueAt<Value>(column: Column<Value>, index: number): Value {
  return "shared" in column ? column.shared : (column[index] as Value);
}
