import type { DlqError } from "../errors.ts";

/** Characters of one group. Larger ones gain nothing over the one `fdatasync` that they share. */
const MAX_GROUP_LENGTH = 4 * 1_048_576;

/** Texts that are committed together, and what all who added them wait for. */
interface Group {
  readonly texts: string[];
  length: number;
  readonly committed: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets everybody who appends at the same time share one write, one `fdatasync` and one promise.
 *
 * A group is what arrived while the group before it was on its way, and in the turn of the event loop after it; the first of all is what
 * arrived in one tick. Groups follow each other, never overlap. A failed group fails for each of its members.
 */
export class GroupCommit {
  readonly #commit: (group: Buffer) => Promise<void>;
  readonly #waiting: Group[] = [];
  #running: Promise<void> | undefined;
  #abandoned: DlqError | undefined;
  /** Texts of the last group. */
  #lastSize = 0;

  constructor(commit: (group: Buffer) => Promise<void>) {
    this.#commit = commit;
  }

  /** Resolves when the text is committed. */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would make a promise an append
  add(text: string): Promise<void> {
    if (this.#abandoned !== undefined) return Promise.reject(this.#abandoned);
    const last = this.#waiting.at(-1);
    const group = last !== undefined && last.length + text.length <= MAX_GROUP_LENGTH ? last : this.#begin();
    group.texts.push(text);
    group.length += text.length;
    this.#running ??= this.#run();
    return group.committed;
  }

  /** Resolves when nothing is waiting or on its way any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Refuses what is not on its way yet, and whatever comes from now on. */
  abandon(error: DlqError): void {
    this.#abandoned = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #begin(): Group {
    let resolve!: () => void;
    let reject!: (error: unknown) => void;
    const committed = new Promise<void>((onResolved, onRejected) => {
      resolve = onResolved;
      reject = onRejected;
    });
    const group: Group = { texts: [], length: 0, committed, resolve, reject };
    this.#waiting.push(group);
    return group;
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#latecomers();
      const group = this.#waiting.shift();
      if (group === undefined) break;
      this.#lastSize = group.texts.length;
      try {
        await this.#commit(Buffer.from(group.texts.join("")));
        group.resolve();
      } catch (error) {
        group.reject(error);
      }
    }
    this.#running = undefined;
  }

  /**
   * Gives those whom the last group answered one turn of the event loop to append again before the next one leaves.
   * Somebody who was alone in it waits for nobody: without the turn a lone appender is a third faster.
   */
  async #latecomers(): Promise<void> {
    if (this.#lastSize > 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
