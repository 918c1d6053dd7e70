import type { EnqueueResult, NewJob, QueueBackend } from "./protocol.ts";

/**
 * `enqueue` of one job, done when it returns.
 *
 * @throws QueueError `QUEUE_CLOSED`
 */
export type EnqueueNow = (job: NewJob) => EnqueueResult;

/**
 * A backend in the same process that keeps nothing but memory. A job that has nothing to wait for needs no batch, no place
 * in a list of answers and no promise but the one its producer gets: by far the most of what an enqueue costs there.
 */
export interface ImmediateBackend extends QueueBackend {
  readonly enqueueNow: EnqueueNow;
}

/** How to enqueue without waiting, where the backend can. */
export function enqueueNowOf(backend: QueueBackend): EnqueueNow | undefined {
  return (backend as Partial<ImmediateBackend>).enqueueNow;
}
