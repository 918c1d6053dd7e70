import { open } from "node:fs/promises";
import { join } from "node:path";
import { LocalQueue, type JournalOptions } from "@chimera/queue-core";
import { diskDirectory } from "../disk-directory.ts";
import { ratePerSecond } from "../scenario.ts";

/** 200 bytes of JSON. */
interface Payload {
  readonly n: number;
  readonly text: string;
}

const PRODUCERS = 100;
const TEXT = "x".repeat(180);

function payloadOf(n: number): Payload {
  return { n: 1_000_000 + n, text: TEXT };
}

/** Jobs a second of 100 producers, each of whom waits for an answer before the next job; all of them must be there then. */
export async function enqueueRate(n: number, durability?: JournalOptions["durability"]): Promise<number> {
  await using directory = await diskDirectory();
  const journal = durability && { directory: join(directory.path, "journal"), durability };
  await using queue = new LocalQueue<Payload>("bench", journal === undefined ? {} : { journal });
  // Opening the journal is not what is compared.
  await queue.metrics();
  let next = 0;
  const produce = async (): Promise<void> => {
    while (next < n) await queue.enqueue(payloadOf(next++));
  };
  const rate = await ratePerSecond(n, async () => {
    await Promise.all(Array.from({ length: PRODUCERS }, produce));
  });
  const { depth } = await queue.metrics();
  if (depth !== n) throw new Error(`${n} jobs were enqueued, ${depth} are there`);
  return rate;
}

/** Jobs a second of one write and one `fdatasync` a job, the plain way to make each durable. */
export async function writeAndSyncRate(n: number): Promise<number> {
  await using directory = await diskDirectory();
  await using file = await open(join(directory.path, "jobs.jsonl"), "a");
  return await ratePerSecond(n, async () => {
    for (let index = 0; index < n; index++) {
      await file.write(`${JSON.stringify(payloadOf(index))}\n`);
      await file.datasync();
    }
  });
}
