import { DEAD_LETTER_REASONS } from "../dead-letter.ts";
import { ByteLiteral } from "./byte-literal.ts";
import { IdHash } from "./id-hash.ts";
import { decodeLine, LETTER_START } from "./line-codec.ts";
import { LineKind, type LineFields } from "./line-fields.ts";
import { MOMENT_LENGTH, readMoment } from "./moment.ts";
import { reasonAt } from "./reason-bytes.ts";
import { Routes, stringEnd } from "./route.ts";

const QUOTE = 34;
const BRACE = 0x7d;
/** Bytes that are compared at a time, as a double: see {@link ByteLiteral}. */
const WORD = 8;
const DIGIT = 48;
const START = Buffer.from(LETTER_START);
const START_HEAD = START.readDoubleLE(0);
const START_TAIL = START.readDoubleLE(START.length - WORD);
const WITHDRAWN_START = new ByteLiteral(Buffer.from('{"v":1,"mark":"withdrawn","id":"'));
const REPLAYED_START = new ByteLiteral(Buffer.from('{"v":1,"mark":"replayed","id":"'));
const ID = Buffer.from(',"id":"');
const ID_HEAD = ID.readInt32LE(0);
const ID_TAIL = ID.readInt32LE(ID.length - 4);
const TS_WORD = Buffer.from('","ts":"').readDoubleLE(0);
const TS = new ByteLiteral(Buffer.from('","ts":"'));

/**
 * Reads the first fields of lines where they stand in a buffer: counting a gigabyte of letters is bound by this.
 *
 * Neighbours are alike: an id is first looked for at the length of the one before, and the stretch from `source` to
 * `reason` is compared with those before as a whole. A line that is not in our own order is decoded in full.
 */
export class LineReader {
  readonly #hash = new IdHash();
  readonly #routes = new Routes();
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #idLength = 0;

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
    into.route = undefined;
    into.kind = LineKind.blank;
    if (end === start) return;
    if (this.#readLetter(start, end, into)) into.kind = LineKind.letter;
    else if (this.#readReplayed(start, end, into)) into.kind = LineKind.replayed;
    else if (this.#readIdAfter(WITHDRAWN_START, start, end, into) + 2 === end && this.#endsMark(end)) {
      into.kind = LineKind.withdrawn;
    } else this.#decode(start, end, into);
  }

  /** The fixed texts are compared here and not by calls: they would take as long as all the rest. */
  #readLetter(start: number, end: number, into: LineFields): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    let at = start + START.length;
    if (
      at > end ||
      view.getFloat64(start, true) !== START_HEAD ||
      view.getFloat64(at - WORD, true) !== START_TAIL
    )
      return false;
    let length = 0;
    for (
      let digit = bytes[at] as number;
      digit >= DIGIT && digit < DIGIT + 10;
      digit = bytes[++at] as number
    ) {
      length = length * 10 + digit - DIGIT;
    }
    if (end - at !== length || !isId(view, at, end)) return false;
    at = this.#readId(at + ID.length, end, into);
    if (at + TS.length + MOMENT_LENGTH > end || view.getFloat64(at, true) !== TS_WORD) return false;
    at += TS.length;
    readMoment(bytes, at, into);
    at += MOMENT_LENGTH;
    const route = this.#routes.at(bytes, view, at, end);
    if (route === undefined) return false;
    into.route = route;
    into.reason = reasonAt(bytes, view, at + route.stretch.length, end);
    return into.reason !== -1;
  }

  /** Hashes the id that starts at `start` and answers where its closing quote stands; `end` when there is none. */
  #readId(start: number, end: number, into: LineFields): number {
    const bytes = this.#bytes;
    let idEnd = start + this.#idLength;
    const isGuess = idEnd < end && bytes[idEnd] === QUOTE;
    if (!isGuess || !this.#hash.take(bytes, this.#view, start, idEnd)) {
      idEnd = stringEnd(bytes, start, end);
      this.#hash.take(bytes, this.#view, start, idEnd);
      this.#idLength = idEnd - start;
    }
    into.hashA = this.#hash.a;
    into.hashB = this.#hash.b;
    return idEnd;
  }

  /** Like {@link LineReader.#readId} behind a fixed text; -1 when it is not there. */
  #readIdAfter(before: ByteLiteral, at: number, end: number, into: LineFields): number {
    return before.isAt(this.#view, at, end) ? this.#readId(at + before.length, end, into) : -1;
  }

  #readReplayed(start: number, end: number, into: LineFields): boolean {
    const idEnd = this.#readIdAfter(REPLAYED_START, start, end, into);
    if (idEnd === -1 || !TS.isAt(this.#view, idEnd, end)) return false;
    const at = idEnd + TS.length;
    if (at + MOMENT_LENGTH + 2 !== end || !this.#endsMark(end)) return false;
    readMoment(this.#bytes, at, into);
    return true;
  }

  #endsMark(end: number): boolean {
    return this.#bytes[end - 2] === QUOTE && this.#bytes[end - 1] === BRACE;
  }

  #decode(start: number, end: number, into: LineFields): void {
    const line = decodeLine(this.#bytes.subarray(start, end));
    into.route = undefined;
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

function isId(view: DataView, at: number, end: number): boolean {
  return (
    at + ID.length <= end &&
    view.getInt32(at, true) === ID_HEAD &&
    view.getInt32(at + ID.length - 4, true) === ID_TAIL
  );
}
