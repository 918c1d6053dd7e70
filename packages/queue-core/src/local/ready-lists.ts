import type { Priority } from "../protocol.ts";
import type { JobRecord } from "./job-record.ts";
import { ReadyList } from "./ready-list.ts";

/** The ready jobs of a queue: strictly high before normal before low. O(1) for every verb. */
export class ReadyLists {
  readonly high: ReadyList = new ReadyList();
  readonly normal: ReadyList = new ReadyList();
  readonly low: ReadyList = new ReadyList();

  get size(): number {
    return this.high.size + this.normal.size + this.low.size;
  }

  of(priority: Priority): ReadyList {
    return this[priority];
  }

  /** The job that is next. */
  head(): JobRecord | undefined {
    return this.high.head ?? this.normal.head ?? this.low.head;
  }

  /** Since when the oldest ready job waits; `undefined` when none does. */
  oldestSince(): number | undefined {
    const since = Math.min(
      this.high.head?.at ?? Infinity,
      this.normal.head?.at ?? Infinity,
      this.low.head?.at ?? Infinity,
    );
    return since === Infinity ? undefined : since;
  }
}
