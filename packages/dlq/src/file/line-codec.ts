import { isEnvelope, isMoment } from "../dead-letter-check.ts";
import type { AttemptError, DeadLetter, DeadLetterEnvelope } from "../dead-letter.ts";
import { stringEnd } from "./route.ts";

/*
 * One line of the file is one letter or one mark, always JSON:
 *
 *   {"v":1,"bytes":412,"id":"…","ts":"…","source":"…","target":"…","reason":"…", … ,"replays":0,"encoding":"json","payload":{…}}
 *   {"v":1,"mark":"withdrawn","id":"…"}
 *   {"v":1,"mark":"replayed","id":"…","ts":"…"}
 *
 * `bytes` counts from the comma after it to the closing brace, so that a torn line shows without being parsed.
 * An encoding "json" payload stands raw, to the byte, where that keeps the line one line of JSON; JSON text with
 * line breaks, with lone surrogates, or that is none stands as a string under the encoding "json-text".
 */

/** How every line of a letter begins. */
export const LETTER_START = '{"v":1,"bytes":';
const START = Buffer.from(LETTER_START);
const DIGIT = 48;
const QUOTE = 34;
const COMMA = 44;
const BRACKET = 91;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;
/** Stands once outside strings in the envelope, followed by a digit: values of headers are texts. */
const REPLAYS_KEY = ',"replays":';
const PAYLOAD_KEY = ',"payload":';

/** A note on letters that stand before it in the log. */
export type Mark =
  | { readonly mark: "withdrawn"; readonly id: string }
  | { readonly mark: "replayed"; readonly id: string; readonly ts: string };

/** The line of a letter: its envelope, and its payload when somebody wants it. */
export interface LetterLine {
  readonly kind: "letter";
  /** The caller's own: made for this line, and kept by nobody else. */
  readonly envelope: DeadLetterEnvelope;
  /** Cut out of the line, to the byte; `undefined` when its bytes were damaged. */
  payload(): string | undefined;
}

/** What a line says, or that it cannot be read. */
export type Line =
  | LetterLine
  | { readonly kind: "mark"; readonly mark: Mark }
  | { readonly kind: "blank" }
  | { readonly kind: "unreadable" };

const UNREADABLE: Line = { kind: "unreadable" };
const BLANK: Line = { kind: "blank" };

/** The line of a letter, its line break included. */
export function encodeLetter(letter: DeadLetter): string {
  const { id, ts, source, target, reason, code, message, attempts, errors } = letter;
  const { firstTs, fence, token, headers, replays, payload } = letter;
  const raw = letter.encoding === "json" && standsRaw(payload);
  const encoding = letter.encoding === "json" && !raw ? "json-text" : letter.encoding;
  // In this order, and nothing but these: a reader finds the first ones by their place.
  const envelope = JSON.stringify({
    id,
    ts,
    source,
    target,
    reason,
    code,
    message,
    attempts,
    errors: errors.map(onlyKnownFields),
    firstTs,
    fence,
    token,
    headers,
    replays,
    encoding,
  });
  const payloadText = raw ? payload : JSON.stringify(payload);
  // Counted in parts: the whole would be copied once more to be counted.
  const bytes = Buffer.byteLength(envelope) + PAYLOAD_KEY.length + Buffer.byteLength(payloadText);
  return `${LETTER_START}${bytes},${envelope.slice(1, -1)}${PAYLOAD_KEY}${payloadText}}\n`;
}

/** The line of a mark, its line break included. */
export function encodeMark(mark: Mark): string {
  const ts = mark.mark === "replayed" ? `,"ts":${JSON.stringify(mark.ts)}` : "";
  return `{"v":1,"mark":"${mark.mark}","id":${JSON.stringify(mark.id)}${ts}}\n`;
}

/**
 * Reads one line given without its line break. Never throws: what is no letter and no mark is `unreadable`.
 * The bytes must stay until a letter's payload was asked for.
 */
export function decodeLine(line: Buffer): Line {
  const found = findPayload(line);
  const fieldsStart = found === undefined ? -1 : afterBytes(line);
  if (found !== undefined && fieldsStart !== -1) {
    const fields = parseJson(`{"v":1${line.toString("utf8", fieldsStart, found.envelopeEnd)}}`);
    return decodeLetter(fields, () => line.toString("utf8", found.payloadStart, line.length - 1));
  }
  return decodeForeign(line, found?.payloadStart);
}

/**
 * A line that another tool wrote, a person edited, or a crash tore. A torn one is never JSON, since no
 * proper beginning of an object's text is an object's text; whatever parses to a letter is one.
 */
function decodeForeign(line: Buffer, payloadStart: number | undefined): Line {
  const text = line.toString("utf8").trim();
  if (text === "") return BLANK;
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return UNREADABLE;
  if ("mark" in value) return decodeMark(value);
  if (!("payload" in value)) return UNREADABLE;
  const { payload, ...others } = value;
  const { bytes: _bytes, ...fields } = others as { bytes?: unknown };
  return decodeLetter(fields, () => {
    const json = JSON.stringify(payload);
    if (payloadStart === undefined) return json;
    const raw = line.toString("utf8", payloadStart, endOfValue(line, payloadStart));
    // To the byte where it is the payload that was found, and not one inside another field.
    return JSON.stringify(parseJson(raw)) === json ? raw : json;
  });
}

function decodeMark(value: { mark: unknown; id?: unknown; ts?: unknown }): Line {
  const { mark, id, ts } = value;
  if (mark === "withdrawn" && typeof id === "string") return { kind: "mark", mark: { mark, id } };
  if (mark === "replayed" && typeof id === "string" && isMoment(ts)) {
    return { kind: "mark", mark: { mark, id, ts } };
  }
  return UNREADABLE;
}

/** Takes the fields over as the envelope: a copy for each letter of a file would be most of what reading it allocates. */
function decodeLetter(fields: unknown, rawPayload: () => string): Line {
  if (typeof fields !== "object" || fields === null) return UNREADABLE;
  const { encoding } = fields as { encoding?: unknown };
  if (encoding === "json-text") Object.assign(fields, { encoding: "json" });
  if (!isEnvelope(fields)) return UNREADABLE;
  const payload = encoding === "json" ? rawPayload : () => parseText(rawPayload());
  return { kind: "letter", envelope: fields, payload };
}

/** Where the envelope ends and the payload starts, in a line with its fields in our order. */
function findPayload(line: Buffer): { envelopeEnd: number; payloadStart: number } | undefined {
  let at = line.indexOf(REPLAYS_KEY);
  while (at !== -1 && !isDigit(line[at + REPLAYS_KEY.length])) at = line.indexOf(REPLAYS_KEY, at + 1);
  if (at === -1) return undefined;
  const envelopeEnd = line.indexOf(PAYLOAD_KEY, at);
  return envelopeEnd === -1 ? undefined : { envelopeEnd, payloadStart: envelopeEnd + PAYLOAD_KEY.length };
}

/** Where the value ends that starts at `start`, in a line of JSON: more fields may stand behind it. */
function endOfValue(line: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    const byte = line[at];
    if (byte === QUOTE) at = stringEnd(line, at + 1, line.length);
    else if (byte === BRACE || byte === BRACKET) depth++;
    else if (depth === 0 && (byte === COMMA || byte === BRACE_END)) return at;
    else if (byte === BRACE_END || byte === BRACKET_END) depth--;
  }
  return line.length;
}

/** Where the comma after `bytes` stands, in a line that is as long as it says of itself; -1 in any other. */
function afterBytes(line: Buffer): number {
  if (line.length < START.length || line.compare(START, 0, START.length, 0, START.length) !== 0) return -1;
  let at = START.length;
  let bytes = 0;
  for (; isDigit(line[at]); at++) bytes = bytes * 10 + (line[at] as number) - DIGIT;
  return bytes === line.length - at ? at : -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT && byte < DIGIT + 10;
}

/** Whether JSON text may stand in a line as it is. */
function standsRaw(text: string): boolean {
  return !text.includes("\n") && !text.includes("\r") && isWellFormed(text) && parseJson(text) !== undefined;
}

/** Whether UTF-8 can carry a text: no lone surrogate in it. */
function isWellFormed(text: string): boolean {
  // Node 20 has the method; the language level that the sources are checked against does not name it.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/** The value of JSON text, or `undefined` when it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parseText(json: string): string | undefined {
  const value = parseJson(json);
  return typeof value === "string" ? value : undefined;
}

function onlyKnownFields({ ts, code, message }: AttemptError): AttemptError {
  return code === undefined ? { ts, message } : { ts, code, message };
}
