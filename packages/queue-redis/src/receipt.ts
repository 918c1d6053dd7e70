import { randomBytes } from "node:crypto";
import type { Receipt } from "@chimera/queue-core";

/** What a receipt says. The token is random and unique to one call of one partition; with the id it names one delivery. */
export interface ReceiptParts {
  readonly partition: number;
  readonly token: string;
  readonly id: string;
}

/** `<partition>~<token>~<id>`: neither a token nor an id holds a tilde. */
export function makeReceipt(partition: number, token: string, id: string): Receipt {
  return `${partition}~${token}~${id}` as Receipt;
}

/** A nonce, a fence and the letter of a priority. Shorter text could stand for a place that is not a delivery. */
const SHORTEST_TOKEN = 24;

/** `undefined` for text that no backend of this package made: such a receipt is stale. */
export function readReceipt(receipt: Receipt, partitions: number): ReceiptParts | undefined {
  const first = receipt.indexOf("~");
  const second = receipt.indexOf("~", first + 1);
  if (second === -1) return undefined;
  const partition = Number(receipt.slice(0, first));
  const token = receipt.slice(first + 1, second);
  const known = partition >= 0 && partition < partitions && Number.isInteger(partition);
  return known && token.length >= SHORTEST_TOKEN
    ? { partition, token, id: receipt.slice(second + 1) }
    : undefined;
}

/** Makes the nonce of each call: 96 random bits for this maker, and a number that grows. */
export function createNonces(
  random: () => string = () => randomBytes(12).toString("base64url"),
): () => string {
  const prefix = random();
  let calls = 0;
  return () => `${prefix}-${(calls++).toString(36)}-`;
}
