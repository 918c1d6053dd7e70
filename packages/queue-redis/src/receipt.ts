import { randomBytes } from "node:crypto";
import { MAX_BATCH, type Receipt } from "@chimera/queue-core";

/** What a receipt says. The name of a batch is random and unique to one call of one partition; with the place in it, it names one delivery. */
export interface ReceiptParts {
  readonly partition: number;
  readonly id: string;
  /** From 1, in the order in which the call handed jobs out. */
  readonly place: number;
  readonly batch: string;
  /** Whether the server needs no more than the place to know the job. */
  readonly whole: boolean;
}

/** `<partition>~<id>~<place>~<batch>`, with a plus before the place of a job that travels whole: neither an id nor a batch holds a tilde. */
export function makeReceipt({ partition, id, place, batch, whole }: ReceiptParts): Receipt {
  return `${partition}~${id}~${whole ? "+" : ""}${place}~${batch}` as Receipt;
}

const PLUS = 43;

/** `undefined` for text that no backend of this package made: such a receipt is stale. */
export function readReceipt(receipt: Receipt, partitions: number): ReceiptParts | undefined {
  const first = receipt.indexOf("~");
  const second = receipt.indexOf("~", first + 1);
  const third = receipt.indexOf("~", second + 1);
  if (first < 1 || second === -1 || third < second) return undefined;
  const partition = Number(receipt.slice(0, first));
  const place = Number(receipt.slice(second + 1, third));
  if (!(Number.isInteger(partition) && partition >= 0 && partition < partitions)) return undefined;
  if (!(Number.isInteger(place) && place >= 1 && place <= MAX_BATCH)) return undefined;
  return {
    partition,
    id: receipt.slice(first + 1, second),
    place,
    batch: receipt.slice(third + 1),
    whole: receipt.charCodeAt(second + 1) === PLUS,
  };
}

/** Makes the nonce of each call: 96 random bits for this maker, and a number that grows. */
export function createNonces(
  random: () => string = () => randomBytes(12).toString("base64url"),
): () => string {
  const prefix = random();
  let calls = 0;
  return () => `${prefix}-${(calls++).toString(36)}-`;
}
