import type { BrowsePage, BrowseRequest, JobView, QueueAdmin } from "../protocol.ts";
import { browse, viewOf } from "./browse.ts";
import type { JobStore } from "./job-store.ts";

/** Runs one step on the store, and answers once the step is as durable as the backend promises. */
export type RunOnStore = <Result>(step: (store: JobStore, nowMs: number) => Result) => Promise<Result>;

/** The administrator's side of a `LocalBackend`. */
export class LocalAdmin implements QueueAdmin {
  readonly #run: RunOnStore;

  constructor(run: RunOnStore) {
    this.#run = run;
  }

  async pause(): Promise<void> {
    await this.#run((store) => store.pause(true));
  }

  async resume(): Promise<void> {
    await this.#run((store) => store.pause(false));
  }

  async get(id: string): Promise<JobView | undefined> {
    return this.#run((store) => {
      const record = store.jobs.get(id);
      return record && viewOf(store, record);
    });
  }

  async browse(request: BrowseRequest): Promise<BrowsePage> {
    return this.#run((store) => browse(store, request));
  }

  async runNow(id: string): Promise<boolean> {
    return this.#run((store, nowMs) => store.runNow(id, nowMs));
  }

  async cancel(ids: readonly string[]): Promise<boolean[]> {
    return this.#run((store) => ids.map((id) => store.cancel(id)));
  }

  async clear(): Promise<number> {
    return this.#run((store) => {
      let cancelled = 0;
      for (const record of store.jobs.values()) {
        if (record.state !== "in-flight" && store.cancel(record.id)) cancelled++;
      }
      return cancelled;
    });
  }
}
