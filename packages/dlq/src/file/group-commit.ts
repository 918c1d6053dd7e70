import type { DlqError } from "../errors.ts";

/** Bytes of one group. Larger ones gain nothing over the one `fdatasync` that they share. */
const MAX_GROUP_BYTES = 4 * 1_048_576;

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets everybody who appends at the same time share one write and one `fdatasync`.
 *
 * A group is what arrived while the group before it was on its way, or in one turn of the event loop when nothing
 * was. Groups follow each other, never overlap. A failed group fails for each of its members.
 */
export class GroupCommit {
  readonly #commit: (group: Buffer) => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(commit: (group: Buffer) => Promise<void>) {
    this.#commit = commit;
  }

  /** Resolves when the text is committed. */
  async add(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or on its way any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Refuses what has not been put into a group yet. */
  abandon(error: DlqError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  async #run(): Promise<void> {
    // One turn of the event loop: those whom the last group answered append again before the next one is cut.
    for (await nextTurn(); this.#waiting.length > 0; await nextTurn()) {
      const members = this.#cutGroup();
      try {
        await this.#commit(Buffer.from(members.map(({ text }) => text).join("")));
        for (const { resolve } of members) resolve();
      } catch (error) {
        for (const { reject } of members) reject(error);
      }
    }
    this.#running = undefined;
  }

  #cutGroup(): Waiting[] {
    let length = 0;
    const end = this.#waiting.findIndex(
      ({ text }, at) => (length += text.length) > MAX_GROUP_BYTES && at > 0,
    );
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
