import { existsSync } from "node:fs";
import type { QueueCandidate } from "../open-queue.ts";
import { LocalQueue, type LocalQueueOptions } from "./local-queue.ts";

/**
 * A local queue as a candidate of `openQueue`. With a journal, jobs that a fallback left behind are found again and
 * drained into the first candidate when that next opens.
 */
export function localCandidate<In = unknown, Out = In>(
  name: string,
  options: LocalQueueOptions<In, Out> = {},
): QueueCandidate<LocalQueue<In, Out>> {
  const directory = options.journal?.directory;
  return {
    name: "local",
    open: () => new LocalQueue(name, options),
    leftover: async () => {
      if (directory === undefined || !existsSync(directory)) return undefined;
      const queue = new LocalQueue(name, options);
      const { depth, delayed, inFlight } = await queue.metrics();
      if (depth + delayed + inFlight > 0) return queue;
      await queue.close();
      return undefined;
    },
  };
}
