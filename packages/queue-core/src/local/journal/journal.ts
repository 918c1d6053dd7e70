import { mkdir } from "node:fs/promises";
import { systemClock, type Logger } from "@chimera/dlq";
import { QueueError } from "../../errors.ts";
import type { ChangeLog } from "../change-log.ts";
import type { DedupEntry } from "../dedup-table.ts";
import type { JobRecord } from "../job-record.ts";
import type { JobStore } from "../job-store.ts";
import { Compactor } from "./compactor.ts";
import { GroupCommit } from "./group-commit.ts";
import { toJournalError } from "./journal-error.ts";
import { takeJournalLock, type JournalLock } from "./journal-lock.ts";
import type { ResolvedJournalOptions } from "./journal-options.ts";
import { JournalWriter } from "./journal-writer.ts";
import { recoverJournal } from "./recovery.ts";
import { restore } from "./restore.ts";
import { Segment } from "./segment.ts";

/** The parts of a journal that is open. */
interface Opened {
  readonly writer: JournalWriter;
  readonly commit: GroupCommit;
  readonly compactor: Compactor;
  readonly lock: JournalLock;
}

/**
 * Keeps a store on disk: an append-only log of what became of each job, written in groups and compacted as it grows.
 *
 * What {@link durable} resolved for is there after `kill -9` at any instant, and with `fsync` after a power cut too.
 */
export class Journal implements ChangeLog {
  readonly #queueName: string;
  readonly #options: ResolvedJournalOptions;
  readonly #logger: Logger;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;

  constructor(queueName: string, options: ResolvedJournalOptions, logger: Logger) {
    this.#queueName = queueName;
    this.#options = options;
    this.#logger = logger;
  }

  get durability(): "fsync" | "os" {
    return this.#options.durability;
  }

  /**
   * Makes the journal ready for a change: the first call opens it and fills `store`, which must be empty.
   *
   * @throws QueueError `QUEUE_JOURNAL`, retryable when the cause may pass; nothing has changed then.
   */
  async ready(store: JobStore): Promise<void> {
    const { commit, writer } = this.#opened ?? (await this.#open(store));
    if (commit.failure !== undefined) throw commit.failure;
    if (!writer.stuck) return;
    try {
      writer.write();
    } catch (error) {
      throw toJournalError(error, "write the journal");
    }
  }

  jobChanged(record: JobRecord): void {
    this.#opened?.writer.jobChanged(record);
  }

  keyTaken(entry: DedupEntry): void {
    this.#opened?.writer.keyTaken(entry);
  }

  pauseChanged(): void {
    this.#opened?.writer.pauseChanged();
  }

  /** Resolves when all that has changed so far survives the death of the process. */
  async written(): Promise<void> {
    this.#opened?.compactor.check();
    await this.#opened?.commit.written();
  }

  /** Resolves when all that has changed so far is as durable as was asked for. */
  async durable(): Promise<void> {
    this.#opened?.compactor.check();
    await this.#opened?.commit.durable();
  }

  /** Writes what is left, closes the files and lets another process open the journal. Never rejects. */
  async close(): Promise<void> {
    const opened = this.#opened ?? (await this.#opening?.catch(() => undefined));
    if (opened === undefined) return;
    const { compactor, commit, writer, lock } = opened;
    await compactor.close();
    try {
      await commit.durable();
    } catch (error) {
      this.#logger.error("queue.journal.close_failed", { error });
    }
    await writer.close();
    await lock.release();
  }

  async #open(store: JobStore): Promise<Opened> {
    this.#opening ??= this.#openOnce(store).catch((error: unknown) => {
      // The next call tries again.
      this.#opening = undefined;
      throw toJournalError(error, `open the journal in ${this.#options.directory}`);
    });
    this.#opened = await this.#opening;
    return this.#opened;
  }

  async #openOnce(store: JobStore): Promise<Opened> {
    const { directory, durability, compactAtBytes } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = await takeJournalLock(directory);
    try {
      const startedMs = systemClock.monotonic();
      const recovered = await recoverJournal(directory, this.#queueName, this.#logger);
      const head = { queueName: this.#queueName, opening: recovered.openings + 1 };
      const number = (recovered.segments.at(-1) ?? 0) + 1;
      const segment = await Segment.create(directory, number, head);
      restore(store, recovered, head.opening);
      const writer = new JournalWriter(store, segment, recovered.lastJournalId);
      const commit = new GroupCommit({
        write: () => writer.write(),
        sync: durability === "fsync" ? async () => writer.sync() : undefined,
      });
      const compactor = new Compactor({
        directory,
        head,
        compactAtBytes,
        store,
        writer,
        commit,
        logger: this.#logger,
        older: recovered.segments,
        olderBytes: recovered.bytes,
      });
      await compactor.mergeOpenings();
      lock.lost.addEventListener("abort", () => {
        const message = `The lock of the journal in ${directory} was lost: another process may have opened it`;
        commit.fail(new QueueError("QUEUE_JOURNAL", message));
      });
      const tookMs = Math.round(systemClock.monotonic() - startedMs);
      this.#logger.info("queue.journal.opened", { directory, jobs: recovered.jobs.size, tookMs });
      return { writer, commit, compactor, lock };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
}
