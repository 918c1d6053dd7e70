import { Queue } from "../queue.ts";
import type { QueueOptions } from "../queue-options.ts";
import type { LocalBackendOptions } from "./local-backend-options.ts";
import { LocalBackend } from "./local-backend.ts";

/** How a local queue turns payloads into jobs, and keeps them. */
export interface LocalQueueOptions<In = unknown, Out = In>
  extends QueueOptions<In, Out>, Pick<LocalBackendOptions, "maxDepth"> {}

/**
 * A queue inside one process: the embedded default for development and for services that need no second machine.
 *
 * Several processes do not share it.
 */
export class LocalQueue<In = unknown, Out = In> extends Queue<In, Out> {
  /** @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(name: string, options: LocalQueueOptions<In, Out> = {}) {
    const { clock, maxDepth } = options;
    super(
      new LocalBackend(name, {
        ...(clock !== undefined && { clock }),
        ...(maxDepth !== undefined && { maxDepth }),
      }),
      options,
    );
  }
}
