import { DEAD_LETTER_REASONS, type DeadLetterEnvelope } from "../dead-letter.ts";
import { decodeLine, LETTER_START } from "./line-codec.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const TS_LENGTH = "2026-11-23T08:30:00.000Z".length;
const WITHDRAWN_START = Buffer.from('{"v":1,"mark":"withdrawn","id":"');
const REPLAYED_START = Buffer.from('{"v":1,"mark":"replayed","id":"');
const START = Buffer.from(LETTER_START);
const ID = Buffer.from(',"id":"');
const TS = Buffer.from('","ts":"');
const SOURCE = Buffer.from('","source":"');
const TARGET = Buffer.from('","target":"');
const REASON = Buffer.from('","reason":"');
const REASONS = DEAD_LETTER_REASONS.map((reason) => Buffer.from(reason));

/** What a line is, as far as its first fields say. */
export const LineKind = { blank: 0, letter: 1, withdrawn: 2, replayed: 3, unreadable: 4 } as const;

/**
 * Reads the first fields of one line at a time where they stand in the buffer, without making strings or objects:
 * counting a gigabyte of letters is bound by this. A line that is not in our own order is decoded in full.
 */
export class LineReader {
  /** The id as JSON text between its quotes, in `idBytes`. */
  idBytes: Buffer = Buffer.alloc(0);
  idView: DataView = new DataView(this.idBytes.buffer);
  idStart = 0;
  idEnd = 0;
  /** The year, month and day of `ts` as one number, such as 20261123. */
  tsDate = 0;
  /** The time of day of `ts` in UTC as one number of hours, minutes, seconds and milliseconds. */
  tsTime = 0;
  /** The source as JSON text between its quotes, in the line's own bytes; empty when `envelope` is there. */
  sourceStart = 0;
  sourceEnd = 0;
  /** Index in `DEAD_LETTER_REASONS`. */
  reason = 0;
  /** Set for a letter that was decoded in full. */
  envelope: DeadLetterEnvelope | undefined;

  #bytes: Buffer = this.idBytes;
  #view: DataView = this.idView;

  /** Takes the buffer in which the next lines stand. */
  use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the line from `start` to `end`, the line break left out, and answers its {@link LineKind}. */
  read(start: number, end: number): number {
    if (end === start) return LineKind.blank;
    this.envelope = undefined;
    this.idBytes = this.#bytes;
    this.idView = this.#view;
    if (this.#readLetter(start, end)) return LineKind.letter;
    if (this.#readMark(REPLAYED_START, start, end)) {
      const tsStart = this.idEnd + TS.length;
      if (matches(this.#bytes, this.idEnd, TS) && tsStart + TS_LENGTH + 2 === end) {
        this.#readMoment(this.#bytes, tsStart);
        return LineKind.replayed;
      }
    } else if (this.#readMark(WITHDRAWN_START, start, end) && this.idEnd + 2 === end) {
      return LineKind.withdrawn;
    }
    return this.#decode(start, end);
  }

  /** The version of a letter in 29 bits, made of `ts`. */
  get version(): number {
    return (Math.imul(this.tsDate, 0x9e3779b1) ^ this.tsTime) & 0x1fff_ffff;
  }

  #readLetter(start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (!matches(bytes, start, START)) return false;
    let at = start + START.length;
    let length = 0;
    for (let digit = bytes[at] as number; digit >= 48 && digit <= 57; digit = bytes[++at] as number) {
      length = length * 10 + digit - 48;
    }
    if (end - at !== length || !matches(bytes, at, ID)) return false;
    this.idStart = at + ID.length;
    this.idEnd = stringEnd(bytes, this.idStart, end);
    if (!matches(bytes, this.idEnd, TS)) return false;
    at = this.idEnd + TS.length;
    this.#readMoment(bytes, at);
    at += TS_LENGTH;
    if (!matches(bytes, at, SOURCE)) return false;
    this.sourceStart = at + SOURCE.length;
    this.sourceEnd = stringEnd(bytes, this.sourceStart, end);
    if (!matches(bytes, this.sourceEnd, TARGET)) return false;
    at = stringEnd(bytes, this.sourceEnd + TARGET.length, end);
    return matches(bytes, at, REASON) && this.#readReason(bytes, at + REASON.length);
  }

  #readReason(bytes: Buffer, at: number): boolean {
    for (let reason = 0; reason < REASONS.length; reason++) {
      const text = REASONS[reason] as Buffer;
      if (bytes[at + text.length] !== QUOTE || !matches(bytes, at, text)) continue;
      this.reason = reason;
      return true;
    }
    return false;
  }

  #readMark(markStart: Buffer, start: number, end: number): boolean {
    if (!matches(this.#bytes, start, markStart)) return false;
    this.idStart = start + markStart.length;
    this.idEnd = stringEnd(this.#bytes, this.idStart, end);
    return true;
  }

  #readMoment(bytes: Buffer, at: number): void {
    this.tsDate = (number(bytes, at, 4) * 100 + number(bytes, at + 5, 2)) * 100 + number(bytes, at + 8, 2);
    const hoursAndMinutes = number(bytes, at + 11, 2) * 100 + number(bytes, at + 14, 2);
    this.tsTime = (hoursAndMinutes * 100 + number(bytes, at + 17, 2)) * 1_000 + number(bytes, at + 20, 3);
  }

  #decode(start: number, end: number): number {
    const line = decodeLine(this.#bytes.subarray(start, end));
    if (line.kind === "blank") return LineKind.blank;
    if (line.kind === "unreadable") return LineKind.unreadable;
    if (line.kind === "letter") {
      if (line.payload() === undefined) return LineKind.unreadable;
      this.envelope = line.envelope;
      this.#take(line.envelope.id, line.envelope.ts);
      this.reason = DEAD_LETTER_REASONS.indexOf(line.envelope.reason);
      this.sourceEnd = this.sourceStart;
      return LineKind.letter;
    }
    const { mark } = line;
    this.#take(mark.id, mark.mark === "replayed" ? mark.ts : undefined);
    return mark.mark === "replayed" ? LineKind.replayed : LineKind.withdrawn;
  }

  #take(id: string, ts: string | undefined): void {
    this.idBytes = Buffer.from(JSON.stringify(id));
    this.idView = new DataView(this.idBytes.buffer, this.idBytes.byteOffset, this.idBytes.byteLength);
    this.idStart = 1;
    this.idEnd = this.idBytes.length - 1;
    if (ts !== undefined) this.#readMoment(Buffer.from(ts), 0);
  }
}

function matches(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false;
  }
  return true;
}

/** Where the quote stands that ends a string starting at `at`; `end` when none does. */
function stringEnd(bytes: Buffer, at: number, end: number): number {
  for (let index = at; index < end; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index++;
  }
  return end;
}

function number(bytes: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index++) value = value * 10 + (bytes[index] as number) - 48;
  return value;
}
