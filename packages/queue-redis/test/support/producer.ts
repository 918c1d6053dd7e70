import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { EnqueueResult, NewJob, QueueBackend } from "@chimera/queue-core";

const BATCH = 5;
const BATCH_EVERY_MS = 20;

/** What became of the enqueues of one producer. */
export interface Produced {
  /** Jobs that the queue said it has: none of them may be lost. */
  readonly acknowledged: Set<string>;
  readonly refused: EnqueueResult[];
}

/** Enqueues at a steady rate while `meanwhile` runs. */
export async function produceDuring(
  backend: QueueBackend,
  meanwhile: () => Promise<void>,
  job: Partial<NewJob> = {},
): Promise<Produced> {
  const produced: Produced = { acknowledged: new Set(), refused: [] };
  const over = new AbortController();
  const running = meanwhile().finally(() => over.abort());
  while (!over.signal.aborted) {
    const jobs = Array.from({ length: BATCH }, () => ({ body: "1", ...job, id: randomUUID() }));
    const results = await backend.enqueue(jobs).catch((): EnqueueResult[] => []);
    for (const result of results) {
      if (result.status === "enqueued") produced.acknowledged.add(result.id);
      else produced.refused.push(result);
    }
    await delay(BATCH_EVERY_MS);
  }
  await running;
  return produced;
}
