import { MAX_BATCH, type Receipt, type SettleResult } from "@chimera/queue-core";
import { shareOut } from "./partition-choice.ts";
import type { Partition } from "./partition.ts";
import { readReceipt, type ReceiptParts } from "./receipt.ts";
import { toQueueError } from "./server-errors.ts";

/** A call about deliveries of one partition, at most 250. */
export interface ReceiptCall<Read> {
  readonly send: (partition: Partition, items: readonly Read[]) => Promise<SettleResult[]>;
  /** What it does, as an error names it. */
  readonly what: string;
}

/** Sends each item to the partition that its receipt names. One result an item, in order; a receipt of nothing is stale. */
export async function callByReceipt<Item, Read>(
  partitions: readonly Partition[],
  items: readonly Item[],
  receiptOf: (item: Item) => Receipt,
  readItem: (item: Item, receipt: ReceiptParts) => Read,
  call: ReceiptCall<Read>,
): Promise<SettleResult[]> {
  const results: SettleResult[] = Array.from({ length: items.length }, () => "stale");
  const current: { read: Read; place: number; partition: number }[] = [];
  items.forEach((item, place) => {
    const parts = readReceipt(receiptOf(item), partitions.length);
    if (parts !== undefined) current.push({ read: readItem(item, parts), place, partition: parts.partition });
  });
  const pieces = shareOut(current, MAX_BATCH, ({ partition }) => partition);
  await Promise.all(
    pieces.map(async ({ partition, share }) => {
      const reads = share.items.map(({ read }) => read);
      const some = await answersOf(partitions[partition] as Partition, reads, call);
      some.forEach((result, index) => (results[share.items[index]?.place ?? 0] = result));
    }),
  );
  return results;
}

/** The results of a call, or what is known of them when it has failed. */
export async function answersOf<Read>(
  partition: Partition,
  items: readonly Read[],
  { send, what }: ReceiptCall<Read>,
): Promise<SettleResult[]> {
  try {
    return await send(partition, items);
  } catch (error) {
    const known = toQueueError(error, what);
    return items.map(() => ({ status: "unknown", error: known }));
  }
}
