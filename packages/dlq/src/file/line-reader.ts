import { DEAD_LETTER_REASONS } from "../dead-letter.ts";
import { ByteLiteral } from "./byte-literal.ts";
import { IdHash } from "./id-hash.ts";
import { decodeLine, LETTER_START } from "./line-codec.ts";
import { LineKind, type LineFields } from "./line-fields.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const DIGIT = 48;
const LETTER_U = 0x75;
const TS_LENGTH = "2026-11-23T08:30:00.000Z".length;
const START = literal(LETTER_START);
const WITHDRAWN_START = literal('{"v":1,"mark":"withdrawn","id":"');
const REPLAYED_START = literal('{"v":1,"mark":"replayed","id":"');
const ID = literal(',"id":"');
const TS = literal('","ts":"');
const SOURCE = literal('","source":"');
const TARGET = literal('","target":"');
const REASON = literal('","reason":"');
const REASONS = DEAD_LETTER_REASONS.map((reason) => literal(`${reason}"`));
/** The first letter tells four reasons; of the two with a `u` the third letter does, kept apart by its top bit. */
const REASON_BY_BYTE = new Int8Array(256).fill(-1);
for (const [index, reason] of DEAD_LETTER_REASONS.entries()) {
  REASON_BY_BYTE[reasonKey(Buffer.from(reason), 0)] = index;
}

/**
 * Reads the first fields of lines where they stand in a buffer: counting a gigabyte of letters is bound by this.
 *
 * Neighbours are alike: an id is first looked for at the length of the one before, and the stretch from `source` to
 * `reason` is compared with the one before as a whole. A line that is not in our own order is decoded in full.
 */
export class LineReader {
  readonly #hash = new IdHash();
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #idLength = 0;
  /** From the quote after `ts` to the start of the reason, and how the source stands in it. */
  #way = SOURCE;
  #sourceLength = -1;

  /** Takes the buffer in which the next lines stand. */
  use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the line from `start` to `end`, the line break left out. */
  read(start: number, end: number, into: LineFields): void {
    into.start = start;
    into.end = end;
    into.envelope = undefined;
    into.kind = LineKind.blank;
    if (end === start) return;
    if (this.#readLetter(start, end, into)) into.kind = LineKind.letter;
    else if (this.#readReplayed(start, end, into)) into.kind = LineKind.replayed;
    else if (this.#readId(WITHDRAWN_START, start, end, into) + 2 === end && this.#endsMark(end)) {
      into.kind = LineKind.withdrawn;
    } else this.#decode(start, end, into);
  }

  #readLetter(start: number, end: number, into: LineFields): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    if (!START.isAt(view, start, end)) return false;
    let at = start + START.length;
    let length = 0;
    for (
      let digit = bytes[at] as number;
      digit >= DIGIT && digit < DIGIT + 10;
      digit = bytes[++at] as number
    ) {
      length = length * 10 + digit - DIGIT;
    }
    if (end - at !== length) return false;
    at = this.#readId(ID, at, end, into);
    if (at === -1 || !TS.isAt(view, at, end)) return false;
    at += TS.length;
    if (at + TS_LENGTH > end) return false;
    readMoment(bytes, at, into);
    at = this.#readWay(at + TS_LENGTH, end, into);
    return at !== -1 && this.#readReason(at, end, into);
  }

  /** Hashes the id behind a fixed text and answers where its closing quote stands; -1 when there is none. */
  #readId(before: ByteLiteral, at: number, end: number, into: LineFields): number {
    if (!before.isAt(this.#view, at, end)) return -1;
    const start = at + before.length;
    let idEnd = start + this.#idLength;
    const isGuess = idEnd < end && this.#bytes[idEnd] === QUOTE;
    if (!isGuess || !this.#hash.take(this.#bytes, this.#view, start, idEnd)) {
      idEnd = stringEnd(this.#bytes, start, end);
      this.#hash.take(this.#bytes, this.#view, start, idEnd);
      this.#idLength = idEnd - start;
    }
    into.hashA = this.#hash.a;
    into.hashB = this.#hash.b;
    return idEnd;
  }

  /** Reads from the quote after `ts` to the start of the reason, and answers where that is; -1 when it is not there. */
  #readWay(at: number, end: number, into: LineFields): number {
    const view = this.#view;
    into.sourceStart = at + SOURCE.length;
    if (this.#sourceLength >= 0 && this.#way.isAt(view, at, end)) {
      into.sourceEnd = into.sourceStart + this.#sourceLength;
      return at + this.#way.length;
    }
    if (!SOURCE.isAt(view, at, end)) return -1;
    into.sourceEnd = stringEnd(this.#bytes, into.sourceStart, end);
    if (!TARGET.isAt(view, into.sourceEnd, end)) return -1;
    const targetEnd = stringEnd(this.#bytes, into.sourceEnd + TARGET.length, end);
    if (!REASON.isAt(view, targetEnd, end)) return -1;
    const wayEnd = targetEnd + REASON.length;
    this.#way = new ByteLiteral(this.#bytes.subarray(at, wayEnd));
    this.#sourceLength = into.sourceEnd - into.sourceStart;
    return wayEnd;
  }

  #readReason(at: number, end: number, into: LineFields): boolean {
    const index = REASON_BY_BYTE[reasonKey(this.#bytes, at)] as number;
    into.reason = index;
    return index !== -1 && (REASONS[index] as ByteLiteral).isAt(this.#view, at, end);
  }

  #readReplayed(start: number, end: number, into: LineFields): boolean {
    const idEnd = this.#readId(REPLAYED_START, start, end, into);
    if (idEnd === -1 || !TS.isAt(this.#view, idEnd, end)) return false;
    const at = idEnd + TS.length;
    if (at + TS_LENGTH + 2 !== end || !this.#endsMark(end)) return false;
    readMoment(this.#bytes, at, into);
    return true;
  }

  #endsMark(end: number): boolean {
    return this.#bytes[end - 2] === QUOTE && this.#bytes[end - 1] === 0x7d;
  }

  #decode(start: number, end: number, into: LineFields): void {
    const line = decodeLine(this.#bytes.subarray(start, end));
    if (line.kind === "blank") return;
    into.kind = LineKind.unreadable;
    if (line.kind === "unreadable" || (line.kind === "letter" && line.payload() === undefined)) return;
    if (line.kind === "letter") {
      into.kind = LineKind.letter;
      into.envelope = line.envelope;
      into.reason = DEAD_LETTER_REASONS.indexOf(line.envelope.reason);
      this.#take(line.envelope.id, line.envelope.ts, into);
      return;
    }
    const { mark } = line;
    into.kind = LineKind[mark.mark];
    this.#take(mark.id, mark.mark === "replayed" ? mark.ts : undefined, into);
  }

  #take(id: string, ts: string | undefined, into: LineFields): void {
    const bytes = Buffer.from(JSON.stringify(id));
    this.#hash.take(
      bytes,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      1,
      bytes.length - 1,
    );
    into.hashA = this.#hash.a;
    into.hashB = this.#hash.b;
    if (ts !== undefined) readMoment(Buffer.from(ts), 0, into);
  }
}

function reasonKey(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  return first === LETTER_U ? 0x80 | (bytes[at + 2] as number) : first;
}

function literal(text: string): ByteLiteral {
  return new ByteLiteral(Buffer.from(text));
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

function readMoment(bytes: Buffer, at: number, into: LineFields): void {
  const year = two(bytes, at) * 100 + two(bytes, at + 2);
  into.tsDate = (year * 100 + two(bytes, at + 5)) * 100 + two(bytes, at + 8);
  const seconds = (two(bytes, at + 11) * 100 + two(bytes, at + 14)) * 100 + two(bytes, at + 17);
  into.tsTime = seconds * 1_000 + two(bytes, at + 20) * 10 + (bytes[at + 22] as number) - DIGIT;
}

function two(bytes: Buffer, at: number): number {
  return (bytes[at] as number) * 10 + (bytes[at + 1] as number) - DIGIT * 11;
}
