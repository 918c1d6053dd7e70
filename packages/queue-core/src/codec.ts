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
  encode: (payload) => JSON.stringify(payload),
  decode: (body) => JSON.parse(body) as unknown,
};
