import { Unrecoverable } from "@chimera/queue-core";
import type { JobHandler } from "@chimera/queue-core";

import { inSpan } from "../tracing/in-span.ts";
import { processSpan, storeSpan } from "../tracing/quake-spans.ts";
import { traceOf } from "../tracing/trace-headers.ts";
import { explain } from "./quake.ts";
import type { QuakeSchema } from "./quake.ts";
import { EVENTS_TABLE } from "./quake-events.ts";
import type { QuakeEvents } from "./quake-events.ts";
import { QUAKES_TABLE } from "./quake-store.ts";
import type { QuakeStore } from "./quake-store.ts";

/** What a handler of quakes needs. */
export interface StoreQuakeParts {
  /** Where the jobs come from, as spans name it. */
  readonly queueName: string;
  readonly schema: QuakeSchema;
  readonly quakes: QuakeStore;
  readonly events: QuakeEvents;
  /** Names this run in what it stores, a UUID. */
  readonly run: string;
}

/**
 * Checks one event of the feed and stores it in both databases. Both writes may be repeated, so a job that is
 * delivered twice does no harm, and the job is done only when both are stored. Its spans continue the trace that the
 * job's headers name.
 *
 * @throws Unrecoverable for an event that does not match the schema: no further try can help.
 */
export function storeQuake(parts: StoreQuakeParts): JobHandler<unknown> {
  const { queueName, schema, quakes, events, run } = parts;
  return async (feature, job) =>
    inSpan(processSpan(queueName, job), traceOf(job.headers), async (within) => {
      const quake = schema.safeParse(feature);
      if (!quake.success) throw new Unrecoverable(explain(quake.error, feature));
      await inSpan(storeSpan("postgresql", QUAKES_TABLE), within, async () => quakes.upsert(quake.data, run));
      await inSpan(storeSpan("clickhouse", EVENTS_TABLE), within, async () =>
        events.write(quake.data, job.signal),
      );
    });
}
