import { DEAD_LETTER_REASONS, type DeadLetterState } from "../dead-letter.ts";
import type { ResolvedFilter } from "../filter.ts";
import type { StatsTally } from "../stats-tally.ts";
import type { LineFields } from "./line-fields.ts";

/** A moment as the two numbers that {@link LineFields} hold. */
interface Moment {
  readonly date: number;
  readonly time: number;
}

interface SourceCount {
  readonly source: Buffer;
  count: number;
}

const FIRST: Moment = { date: 0, time: 0 };
const LAST: Moment = { date: Infinity, time: Infinity };

/** Counts letters by what stands in their bytes, so that nothing is made for a letter that is only counted. */
export class RawTally {
  readonly #state: ResolvedFilter["state"];
  readonly #reasons: readonly boolean[];
  readonly #since: Moment;
  readonly #until: Moment;
  #bytes = 0;
  readonly #byReason: number[] = DEAD_LETTER_REASONS.map(() => 0);
  readonly #bySource = new Map<string, SourceCount>();
  #lastSource: SourceCount = { source: Buffer.alloc(0), count: 0 };
  #oldestDate = Infinity;
  #oldestTime = Infinity;
  #newestDate = 0;
  #newestTime = 0;

  /** Judges by the filter's state, reasons and moments alone. */
  constructor({ state, reasons, since, until }: ResolvedFilter) {
    this.#state = state;
    this.#reasons = DEAD_LETTER_REASONS.map((reason) => reasons?.has(reason) ?? true);
    this.#since = since === undefined ? FIRST : momentOf(since);
    this.#until = until === undefined ? LAST : momentOf(until);
  }

  /** Counts a letter that stands in `bytes`, when it matches. */
  add(line: LineFields, bytes: Buffer, state: DeadLetterState): void {
    const { reason, tsDate, tsTime } = line;
    if (this.#state !== state && this.#state !== "any") return;
    if (this.#reasons[reason] !== true) return;
    if (isBefore(tsDate, tsTime, this.#since.date, this.#since.time)) return;
    if (!isBefore(tsDate, tsTime, this.#until.date, this.#until.time)) return;
    this.#bytes += line.end - line.start + 1;
    this.#byReason[reason] = (this.#byReason[reason] ?? 0) + 1;
    this.#sourceOf(bytes, line.sourceStart, line.sourceEnd).count++;
    if (isBefore(tsDate, tsTime, this.#oldestDate, this.#oldestTime)) {
      this.#oldestDate = tsDate;
      this.#oldestTime = tsTime;
    }
    if (isBefore(this.#newestDate, this.#newestTime, tsDate, tsTime)) {
      this.#newestDate = tsDate;
      this.#newestTime = tsTime;
    }
  }

  /** Adds what was counted to a tally of letters. */
  addTo(tally: StatsTally): void {
    const count = this.#byReason.reduce((sum, ofReason) => sum + ofReason, 0);
    if (count === 0) return;
    tally.addCounted({
      count,
      bytes: this.#bytes,
      byReason: DEAD_LETTER_REASONS.map((reason, at) => [reason, this.#byReason[at] ?? 0] as const),
      bySource: [...this.#bySource].map(([json, { count: ofSource }]) => [
        JSON.parse(`"${json}"`) as string,
        ofSource,
      ]),
      oldestTs: textOf(this.#oldestDate, this.#oldestTime),
      newestTs: textOf(this.#newestDate, this.#newestTime),
    });
  }

  /** Letters of one source stand in a row more often than not: its bytes are compared before they become a key. */
  #sourceOf(bytes: Buffer, start: number, end: number): SourceCount {
    const last = this.#lastSource;
    if (last.count > 0 && equals(bytes, start, end, last.source)) return last;
    const key = bytes.toString("utf8", start, end);
    const found = this.#bySource.get(key) ?? { source: Buffer.from(bytes.subarray(start, end)), count: 0 };
    this.#bySource.set(key, found);
    this.#lastSource = found;
    return found;
  }
}

function equals(bytes: Buffer, start: number, end: number, expected: Buffer): boolean {
  if (end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index++) {
    if (bytes[start + index] !== expected[index]) return false;
  }
  return true;
}

function isBefore(date: number, time: number, thanDate: number, thanTime: number): boolean {
  return date < thanDate || (date === thanDate && time < thanTime);
}

function momentOf(ts: string): Moment {
  return {
    date: Number(ts.slice(0, 10).replaceAll("-", "")),
    time: Number(ts.slice(11).replaceAll(/\D/g, "")),
  };
}

function textOf(date: number, time: number): string {
  const day = String(date).padStart(8, "0");
  const clock = String(time).padStart(9, "0");
  return [
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T`,
    `${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4, 6)}.${clock.slice(6)}Z`,
  ].join("");
}
