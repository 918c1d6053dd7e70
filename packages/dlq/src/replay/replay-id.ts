import { hash as hashOf } from "node:crypto";
import type { DeadLetterEnvelope } from "../dead-letter.ts";

/**
 * The id under which a target takes a version of a letter: a UUID of version 8 (RFC 9562) made of SHA-256 over the
 * letter's id and `ts`, so that it is the same in every process and at every try.
 *
 * @param again - a text of this one replay, given when letters are replayed that had been replayed before: the target
 * would refuse the id that it knows.
 */
export function replayIdOf({ id, ts }: Pick<DeadLetterEnvelope, "id" | "ts">, again = ""): string {
  // In one call: a Hash object a letter is native memory that waits for the garbage collector.
  const hex = hashOf("sha256", JSON.stringify([id, ts, again]), "hex");
  const variant = "89ab"[Number.parseInt(hex.slice(16, 17), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
