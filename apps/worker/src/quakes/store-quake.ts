import { Unrecoverable } from "@chimera/queue-core";
import type { JobHandler } from "@chimera/queue-core";

import { explain } from "./quake.ts";
import type { QuakeSchema } from "./quake.ts";
import type { QuakeEvents } from "./quake-events.ts";
import type { QuakeStore } from "./quake-store.ts";

/** What a handler of quakes needs. */
export interface StoreQuakeParts {
  readonly schema: QuakeSchema;
  readonly quakes: QuakeStore;
  readonly events: QuakeEvents;
  /** Names this run in what it stores, a UUID. */
  readonly run: string;
}

/**
 * Checks one event of the feed and stores it in both databases. Both writes may be repeated, so a job that is
 * delivered twice does no harm, and the job is done only when both are stored.
 *
 * @throws Unrecoverable for an event that does not match the schema: no further try can help.
 */
export function storeQuake({ schema, quakes, events, run }: StoreQuakeParts): JobHandler<unknown> {
  return async (feature, job) => {
    const quake = schema.safeParse(feature);
    if (!quake.success) throw new Unrecoverable(explain(quake.error, feature));
    await quakes.upsert(quake.data, run);
    await events.write(quake.data, job.signal);
  };
}
