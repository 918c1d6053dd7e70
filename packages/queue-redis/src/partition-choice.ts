import { MAX_BATCH, type NewJob } from "@chimera/queue-core";
import { isPlain } from "./record.ts";

/** What one enqueue call carries at most, so that no call holds the server up: in characters of bodies. */
const MAX_CALL_WEIGHT = 1 << 20;
/** What a job that a script has to look at weighs at least: 64 of them take the server as long as 250 plain ones. */
const LOOKED_AT_WEIGHT = MAX_CALL_WEIGHT / 64;

/** What a job counts as in {@link MAX_CALL_WEIGHT}. */
function weightOf(job: NewJob): number {
  return isPlain(job) ? job.body.length : Math.max(job.body.length, LOOKED_AT_WEIGHT);
}

/**
 * The partition of a job: a hash of its dedup key, else of its id, so that all jobs of one key meet in one place.
 *
 * FNV-1a with 32 bits over UTF-16 code units (Fowler, Noll, Vo). It is part of the layout: another hash would split keys.
 */
export function choosePartition(key: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

/** Items with the places they had, by partition, in order. */
export interface Share<Item> {
  readonly items: Item[];
  readonly places: number[];
}

/** Splits items over partitions and then into pieces of at most `size`. Keeps the order within a partition. */
export function shareOut<Item>(
  items: readonly Item[],
  size: number,
  partitionOf: (item: Item) => number,
  weigh: (item: Item) => number = () => 0,
  maxWeight: number = Infinity,
): { partition: number; share: Share<Item> }[] {
  const open = new Map<number, { share: Share<Item>; weight: number }>();
  const pieces: { partition: number; share: Share<Item> }[] = [];
  for (let place = 0; place < items.length; place++) {
    const item = items[place] as Item;
    const partition = partitionOf(item);
    const weight = weigh(item);
    let piece = open.get(partition);
    if (piece === undefined || piece.share.items.length === size || piece.weight + weight > maxWeight) {
      piece = { share: { items: [], places: [] }, weight: 0 };
      open.set(partition, piece);
      pieces.push({ partition, share: piece.share });
    }
    piece.share.items.push(item);
    piece.share.places.push(place);
    piece.weight += weight;
  }
  return pieces;
}

/** Whether one enqueue call may carry them all. */
export function isOneCall(jobs: readonly NewJob[]): boolean {
  if (jobs.length > MAX_BATCH) return false;
  let weight = 0;
  for (const job of jobs) weight += weightOf(job);
  return jobs.length === 1 || weight <= MAX_CALL_WEIGHT;
}

/** The enqueue calls that carry them, each with the places that its jobs had. */
export function shareOutJobs(
  jobs: readonly NewJob[],
  partitions: number,
): { partition: number; share: Share<NewJob> }[] {
  const partitionOf = ({ dedupKey, id }: NewJob): number => choosePartition(dedupKey ?? id, partitions);
  return shareOut(jobs, MAX_BATCH, partitionOf, weightOf, MAX_CALL_WEIGHT);
}
