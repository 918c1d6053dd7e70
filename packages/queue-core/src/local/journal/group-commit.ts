import type { QueueError } from "../../errors.ts";
import { toJournalError } from "./journal-error.ts";

/** A promise and its ends. */
class Step {
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever waits is told; a step that nobody waits for must not end the process.
    this.promise.catch(() => undefined);
  }
}

/** The calls that travel together, and how far they have come. */
interface Group {
  readonly written: Step;
  readonly durable: Step;
}

export interface GroupCommitOptions {
  /** Writes all that has changed, before it returns. */
  readonly write: () => void;
  /** Resolves when what was written before the call survives a power cut. Absent where nobody waits for that. */
  readonly sync: (() => Promise<void>) | undefined;
}

/**
 * Lets every call of one turn of the event loop share one write, and everything written while the disk is busy share the next
 * `fdatasync`.
 */
export class GroupCommit {
  readonly #write: () => void;
  readonly #sync: (() => Promise<void>) | undefined;
  #gathering: Group | undefined;
  #unsynced: Group[] = [];
  #syncing = false;
  #failure: QueueError | undefined;

  constructor({ write, sync }: GroupCommitOptions) {
    this.#write = write;
    this.#sync = sync;
  }

  /** Why nothing can be committed any more: an `fdatasync` has failed, and what it was to keep may be lost. */
  get failure(): QueueError | undefined {
    return this.#failure;
  }

  /** Resolves when all that has changed so far survives the death of the process. */
  async written(): Promise<void> {
    return this.#gather().written.promise;
  }

  /** Resolves when all that has changed so far is as durable as was asked for. */
  async durable(): Promise<void> {
    return this.#gather().durable.promise;
  }

  /** Refuses everything from now on. */
  fail(error: QueueError): void {
    this.#failure ??= error;
  }

  #gather(): Group {
    if (this.#gathering === undefined) {
      const group: Group = { written: new Step(), durable: new Step() };
      this.#gathering = group;
      // After the promises of this turn have run: whoever they let enqueue or settle joins this group. And a turn a group,
      // so that a caller who only ever waits for the journal does not keep timers, sockets and compaction from running.
      setImmediate(() => this.#commit(group));
    }
    return this.#gathering;
  }

  #commit(group: Group): void {
    this.#gathering = undefined;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#write();
    } catch (error) {
      const failure = toJournalError(error, "write the journal");
      group.written.reject(failure);
      group.durable.reject(failure);
      return;
    }
    group.written.resolve();
    if (this.#sync === undefined) {
      group.durable.resolve();
      return;
    }
    this.#unsynced.push(group);
    if (!this.#syncing) void this.#syncAll(this.#sync);
  }

  async #syncAll(sync: () => Promise<void>): Promise<void> {
    this.#syncing = true;
    while (this.#unsynced.length > 0) {
      const groups = this.#unsynced.splice(0);
      try {
        await sync();
        for (const { durable } of groups) durable.resolve();
      } catch (error) {
        // After a failed fdatasync the system may have dropped the pages: a later one that succeeds proves nothing.
        this.#failure ??= toJournalError(error, "sync the journal; open the queue anew to go on");
        for (const { durable } of groups) durable.reject(this.#failure);
      }
    }
    this.#syncing = false;
  }
}
