import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Environment, Logger } from "@chimera/dlq";
import { LocalQueue, openQueue } from "@chimera/queue-core";
import type { PressureOptions, Queue } from "@chimera/queue-core";
import { RedisQueue } from "@chimera/queue-redis";

import { isSet, withDefaults } from "./settings-check.ts";

/** The queue of all quakes, in Redis too. */
const QUAKE_QUEUE = "chimera-demo-quakes";

const REDIS_VARIABLES = ["CHIMERA_REDIS_URL", "CHIMERA_REDIS_CLUSTER_NODES", "CHIMERA_REDIS_SENTINEL_NODES"];

/** How the queue is made. */
export interface QuakeQueueOptions {
  readonly logger: Logger;
  /** Where a local queue keeps its journal, when no variable says. @defaultValue none: jobs live and die with the process */
  readonly journalDirectory?: string;
  /** Whether a local queue stands in, outside of production, when Redis does not answer at start. @defaultValue false */
  readonly fallBack?: boolean;
  /** Where the levels of backpressure begin. @defaultValue the queue's own */
  readonly pressure?: PressureOptions;
}

/** The queue, and how it came to be that one. */
export interface QuakeQueue {
  readonly queue: Queue;
  readonly kind: "redis" | "local";
  /** Whether it should have been on Redis. */
  readonly fellBack: boolean;
}

/**
 * The queue on Redis where a variable names one, else in this process.
 *
 * @throws QueueError `QUEUE_INVALID` with every variable that is wrong.
 */
export async function openQuakeQueue(
  environment: Environment,
  { logger, journalDirectory, fallBack = false, pressure = {} }: QuakeQueueOptions,
): Promise<QuakeQueue> {
  const settings = withJournal(environment, journalDirectory);
  const openLocal = (): Queue => LocalQueue.fromEnv(QUAKE_QUEUE, settings, { logger, pressure });
  const openRedis = (): Queue => RedisQueue.fromEnv(QUAKE_QUEUE, environment, { logger, pressure });
  if (!REDIS_VARIABLES.some((name) => isSet(environment, name))) {
    return { queue: openLocal(), kind: "local", fellBack: false };
  }
  // In production the service waits for its Redis, not ready, rather than keep jobs where no other process sees them.
  if (!fallBack || environment["NODE_ENV"] === "production") {
    return { queue: openRedis(), kind: "redis", fellBack: false };
  }
  const local = { name: "local", open: openLocal, leftover: async () => leftover(settings, openLocal) };
  const { queue, fellBack } = await openQueue(QUAKE_QUEUE, [{ name: "redis", open: openRedis }, local], {
    logger,
  });
  return { queue, kind: fellBack ? "local" : "redis", fellBack };
}

/** The local queue of an earlier fallback, if it left a journal. */
async function leftover(environment: Environment, open: () => Queue): Promise<Queue | undefined> {
  const directory = environment["CHIMERA_QUEUE_JOURNAL_DIR"] ?? "";
  const left = directory !== "" && existsSync(join(directory, `${QUAKE_QUEUE}.journal`));
  return Promise.resolve(left ? open() : undefined);
}

/** The same environment, with a place for the journal when it names none. */
function withJournal(environment: Environment, directory: string | undefined): Environment {
  return directory === undefined
    ? environment
    : withDefaults(environment, { CHIMERA_QUEUE_JOURNAL_DIR: directory });
}
