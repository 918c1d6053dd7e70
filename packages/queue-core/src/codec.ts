import type { PayloadEncoding } from "@chimera/dlq";

/** Turns payloads into text and back. A backend stores the text and never looks into it. */
export interface Codec {
  /** How a dead letter says its payload is to be read. */
  readonly encoding: PayloadEncoding;
  /** Text for a payload; `undefined` when there is none for it, which `Queue` reports as `QUEUE_PAYLOAD_INVALID`. */
  encode(payload: unknown): string | undefined;
  /** The payload of a text. May throw: the job is then dead-lettered as `invalid`. */
  decode(body: string): unknown;
}

/**
 * JSON as the platform has it: what `JSON.stringify` drops or changes (functions, `Date`, `NaN`) is dropped or changed here too.
 * Lone surrogates are written as escapes and come back unchanged.
 */
export const jsonCodec: Codec = {
  encoding: "json",
  encode: (payload) => {
    const text = JSON.stringify(payload) as string | undefined;
    return text === undefined ? undefined : inOnePiece(text);
  },
  decode: (body) => JSON.parse(body) as unknown,
};

/**
 * The same text, in one piece of memory. V8 leaves what `JSON.stringify` writes beyond 100 characters as a chain of
 * pieces and joins them when the text is first read: for a job that has waited, twice the memory, and in the old
 * generation. Reading a character joins them now (scenarios `local-process-*`).
 */
function inOnePiece(text: string): string {
  // Never true of JSON, which ends in ASCII; a read whose answer nobody uses would be optimised away.
  return text.charCodeAt(text.length - 1) === 0xff_ff ? "" : text;
}
