import type { BrowsePage, BrowseRequest, JobState, JobView, Priority } from "../protocol.ts";
import type { JobRecord } from "./job-record.ts";
import type { JobStore } from "./job-store.ts";

const DEFAULT_LIMIT = 100;
const PRIORITIES: readonly Priority[] = ["high", "normal", "low"];

/** A job as an administrator sees it. */
export function viewOf({ epochMs }: JobStore, record: JobRecord): JobView {
  const { id, body, state, deliveryCount } = record;
  const { headers, priority } = record.terms;
  const { failures, errors } = record.troubles;
  return {
    job: { id, body, headers, priority },
    state: state as JobState,
    deliveryCount,
    failures,
    errors,
    enqueuedAt: epochMs + record.enqueuedAt,
    ...(state === "delayed" && { dueAt: epochMs + record.at }),
  };
}

/**
 * One page of the jobs in a state: ready ones in the order in which they will be handed out, the others by time.
 *
 * A ready page costs what it holds. A page of the others sorts what is left of that state: it is for people.
 */
export function browse(store: JobStore, request: BrowseRequest): BrowsePage {
  const { state, cursor, limit = DEFAULT_LIMIT } = request;
  return state === "ready"
    ? browseReady(store, cursor, limit)
    : browseByTime(
        store,
        state === "delayed" ? store.delayed.values() : store.leases.values(),
        cursor,
        limit,
      );
}

function browseReady(store: JobStore, cursor: string | undefined, limit: number): BrowsePage {
  const [startPriority = "high", startPosition = "-Infinity", startId = ""] = cursor?.split("/") ?? [];
  const jobs: JobView[] = [];
  for (const priority of PRIORITIES.slice(PRIORITIES.indexOf(startPriority as Priority))) {
    const list = store.ready.of(priority);
    const hint = store.jobs.get(startId);
    const records =
      cursor !== undefined && priority === startPriority
        ? list.after(Number(startPosition), hint?.state === "ready" ? hint : undefined)
        : list.values();
    for (const record of records) {
      jobs.push(viewOf(store, record));
      if (jobs.length === limit) return { jobs, cursor: `${priority}/${record.order}/${record.id}` };
    }
  }
  return { jobs };
}

function browseByTime(
  store: JobStore,
  records: Iterable<JobRecord>,
  cursor: string | undefined,
  limit: number,
): BrowsePage {
  const [at = -Infinity, order = -Infinity] = cursor?.split("/").map(Number) ?? [];
  const rest = [...records]
    .filter((record) => record.at > at || (record.at === at && record.order > order))
    .toSorted((left, right) => left.at - right.at || left.order - right.order);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    jobs: page.map((record) => viewOf(store, record)),
    ...(last !== undefined && rest.length > limit && { cursor: `${last.at}/${last.order}` }),
  };
}
