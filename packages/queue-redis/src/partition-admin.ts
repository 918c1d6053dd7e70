import type { JobView } from "@chimera/queue-core";
import { decodeState, jobView } from "./record.ts";
import type { ScriptRunner } from "./script-runner.ts";
import { PAUSE, RUN_NOW } from "./scripts/admin.lua.ts";
import { CANCEL, CLEAR } from "./scripts/cancel.lua.ts";
import { BEGIN_CHANGE, END_CHANGE, FOLLOW_CHANGE } from "./scripts/change.lua.ts";
import { LOOK, SEARCH } from "./scripts/look.lua.ts";

/** Where {@link SEARCH} looks that is no list. */
const IN_FLIGHT = "f";

/** A job that a search found. */
interface FoundJob {
  readonly id: string;
  readonly record: string;
  readonly inFlight: boolean;
}

/** A page of jobs, and where the next one begins, if there is one. Entries of cancelled jobs are passed over. */
export interface Page {
  readonly jobs: readonly JobView[];
  readonly next: number | undefined;
}

/** What an administrator may do with one partition. At most 250 ids a call; splitting is the queue's. */
export class PartitionAdmin {
  readonly #partitions: string;
  readonly #runner: ScriptRunner;

  constructor(partitions: number, runner: ScriptRunner) {
    this.#partitions = String(partitions);
    this.#runner = runner;
  }

  async pause(paused: boolean): Promise<void> {
    await this.#runner.run(PAUSE, [this.#partitions, paused ? "1" : "0"], true);
  }

  /** Looks for jobs that travel whole through all there are: of those nobody keeps an index. */
  async cancel(ids: readonly string[]): Promise<boolean[]> {
    const cancelled = new Set(await this.#cancelKept(ids));
    await this.#search(
      ids.filter((id) => !cancelled.has(id)),
      true,
      ({ id }) => cancelled.add(id),
    );
    // One that was handed out, or given back, while it was looked for.
    for (const id of await this.#cancelKept(ids.filter((each) => !cancelled.has(each)))) cancelled.add(id);
    // Of an id that comes twice the second is not alive any more.
    return ids.map((id) => cancelled.delete(id));
  }

  /** Cancels at most 250 jobs. */
  async clear(): Promise<{ count: number; more: boolean }> {
    const [count, more] = (await this.#runner.run(CLEAR, [this.#partitions])) as [number, number];
    return { count, more: more === 1 };
  }

  async runNow(id: string): Promise<boolean> {
    return (await this.#runner.run(RUN_NOW, [this.#partitions, id])) === 1;
  }

  async get(id: string): Promise<JobView | undefined> {
    const [kept] = (await this.#look("id", id, "1")).jobs;
    if (kept !== undefined) return kept;
    let view: JobView | undefined;
    await this.#search([id], false, (found) => {
      view = jobView(id, found.record, decodeState(found.inFlight ? "plain" : ""), undefined);
    });
    return view ?? (await this.#look("id", id, "1")).jobs[0];
  }

  /** As {@link BEGIN_CHANGE} has it. */
  async beginChange(): Promise<[held: string, epoch: number]> {
    return (await this.#runner.run(BEGIN_CHANGE, [this.#partitions], true)) as [string, number];
  }

  /** As {@link END_CHANGE} has it. */
  async endChange(number: string, epoch: number): Promise<string> {
    return (await this.#runner.run(END_CHANGE, [number, String(epoch)], true)) as string;
  }

  /** As {@link FOLLOW_CHANGE} has it. */
  async followChange(number: string, epoch: number): Promise<string> {
    const args = [this.#partitions, String(epoch), number];
    return (await this.#runner.run(FOLLOW_CHANGE, args, true)) as string;
  }

  async browse(state: "ready" | "delayed" | "in-flight", from: number, limit: number): Promise<Page> {
    return this.#look(state, String(from), String(limit));
  }

  async #cancelKept(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const answers = (await this.#runner.run(CANCEL, [this.#partitions, ...ids])) as number[];
    return ids.filter((_, index) => answers[index] === 1);
  }

  /** The ready lists before the leases: what is handed out meanwhile is met there. */
  async #search(ids: readonly string[], cancel: boolean, onFound: (found: FoundJob) => void): Promise<void> {
    const missing = new Set(ids);
    for (const place of ["h", "n", "l", IN_FLIGHT]) {
      for (let position = "0"; position !== "-" && missing.size > 0;) {
        const args = [this.#partitions, place, position, cancel ? "1" : "0", ...missing];
        const reply = (await this.#runner.run(SEARCH, args, !cancel)) as [string, string[], string[]];
        const [next, found, records] = reply;
        for (const [index, id] of found.entries()) {
          missing.delete(id);
          onFound({ id, record: records[index] as string, inFlight: place === IN_FLIGHT });
        }
        position = next;
      }
    }
  }

  async #look(...args: string[]): Promise<Page> {
    const reply = (await this.#runner.run(LOOK, [this.#partitions, ...args], true)) as [
      string[],
      string[],
      string[],
      string[],
      number,
    ];
    const [ids, records, states, dues, next] = reply;
    const views: JobView[] = [];
    for (const [index, id] of ids.entries()) {
      const due = dues[index];
      const record = records[index] ?? "";
      if (record === "") continue;
      const dueAt = due === "-" ? undefined : Number(due);
      views.push(jobView(id, record, decodeState(states[index] ?? ""), dueAt));
    }
    return { jobs: views, next: next === -1 ? undefined : next };
  }
}
