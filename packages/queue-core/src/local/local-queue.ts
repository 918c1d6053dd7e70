import { join } from "node:path";
import {
  EnvironmentReader,
  FileDeadLetterStore,
  stderrLogger,
  type DeadLetterStore,
  type Environment,
} from "@chimera/dlq";
import { QueueError } from "../errors.ts";
import { Queue } from "../queue.ts";
import type { QueueOptions } from "../queue-options.ts";
import type { BatchHandler } from "../worker/batch-executor.ts";
import type { JobHandler } from "../worker/executor.ts";
import type { BatchWorkerOptions, WorkerOptions } from "../worker/worker-options.ts";
import type { Worker } from "../worker/worker.ts";
import type { LocalBackendOptions } from "./local-backend-options.ts";
import { LocalBackend } from "./local-backend.ts";

/** How a local queue turns payloads into jobs, and keeps them. */
export interface LocalQueueOptions<In = unknown, Out = In>
  extends QueueOptions<In, Out>, Pick<LocalBackendOptions, "maxDepth" | "journal"> {
  /**
   * Where its workers' dead letters go when a worker does not say. Not closed with the queue.
   * @defaultValue outside `NODE_ENV=production` a `FileDeadLetterStore` as `CHIMERA_DLQ_PATH` and its like say, else on
   * `dlq.jsonl`; in production there is none and every worker must say
   */
  readonly deadLetters?: DeadLetterStore;
  /** Where `NODE_ENV` and the default store's settings are read. @defaultValue process.env */
  readonly environment?: Environment;
}

/** A local queue's worker may leave out where dead letters go, outside production. */
export type LocalWorkerOptions = Omit<WorkerOptions, "deadLetters"> &
  Partial<Pick<WorkerOptions, "deadLetters">>;
export type LocalBatchWorkerOptions = Omit<BatchWorkerOptions, "deadLetters"> &
  Partial<Pick<BatchWorkerOptions, "deadLetters">>;

/**
 * A queue inside one process: for development, tests, command-line programs, and services that run as one process.
 *
 * Every rule of the protocol holds as on a server. Without a `journal` the jobs live and die with the process; with
 * one they survive it. Several processes do not share a local queue.
 */
export class LocalQueue<In = unknown, Out = In> extends Queue<In, Out> {
  readonly #deadLetters: DeadLetterStore | undefined;
  readonly #environment: Environment;
  readonly #warn: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  #ownStore: FileDeadLetterStore | undefined;

  /** Touches no file. @throws QueueError `QUEUE_INVALID` with every issue. */
  constructor(name: string, options: LocalQueueOptions<In, Out> = {}) {
    const { clock, maxDepth, journal, logger } = options;
    const backendOptions = {
      ...(clock !== undefined && { clock }),
      ...(logger !== undefined && { logger }),
      ...(maxDepth !== undefined && { maxDepth }),
      ...(journal !== undefined && { journal }),
    };
    super(new LocalBackend(name, backendOptions), options);
    this.#deadLetters = options.deadLetters;
    this.#environment = options.environment ?? process.env;
    this.#warn = (event, fields) => (logger ?? stderrLogger).warn(event, fields);
  }

  /**
   * Reads `CHIMERA_QUEUE_JOURNAL_DIR` (the journal is the folder `<name>.journal` in it), `CHIMERA_QUEUE_DURABILITY`,
   * `CHIMERA_QUEUE_COMPACT_AT_BYTES`, `CHIMERA_QUEUE_MAX_DEPTH` and `CHIMERA_QUEUE_MAX_BODY_BYTES`; what is given in `overrides` wins.
   *
   * @throws QueueError `QUEUE_INVALID` with every issue, never a value.
   */
  static fromEnv<In = unknown, Out = In>(
    name: string,
    environment: Environment = process.env,
    overrides: LocalQueueOptions<In, Out> = {},
  ): LocalQueue<In, Out> {
    const reader = new EnvironmentReader(environment);
    const directory = reader.text("CHIMERA_QUEUE_JOURNAL_DIR");
    const durability = reader.choice("CHIMERA_QUEUE_DURABILITY", ["fsync", "os"]);
    const compactAtBytes = reader.integer("CHIMERA_QUEUE_COMPACT_AT_BYTES", { min: 65_536, max: 2 ** 40 });
    const maxDepth = reader.integer("CHIMERA_QUEUE_MAX_DEPTH", { min: 1 });
    const maxBodyBytes = reader.integer("CHIMERA_QUEUE_MAX_BODY_BYTES", { min: 1, max: 536_870_912 });
    if (directory === undefined && (durability !== undefined || compactAtBytes !== undefined)) {
      reader.reject("CHIMERA_QUEUE_JOURNAL_DIR", "a folder, since settings of a journal are given");
    }
    const { issues } = reader;
    if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
    const journal = directory !== undefined && {
      directory: join(directory, `${name}.journal`),
      durability: durability ?? ("fsync" as const),
      ...(compactAtBytes !== undefined && { compactAtBytes }),
    };
    return new LocalQueue<In, Out>(name, {
      environment,
      ...(journal !== false && { journal }),
      ...(maxDepth !== undefined && { maxDepth }),
      ...(maxBodyBytes !== undefined && { maxBodyBytes }),
      ...overrides,
    });
  }

  /** As `Queue.process`; dead letters go where the queue's `deadLetters` says when the worker does not. */
  override process(handler: JobHandler<Out>, options: LocalWorkerOptions = {}): Worker {
    return super.process(handler, { ...options, deadLetters: options.deadLetters ?? this.#defaultStore() });
  }

  /** As `Queue.processBatch`; dead letters go where the queue's `deadLetters` says when the worker does not. */
  override processBatch(handler: BatchHandler<Out>, options: LocalBatchWorkerOptions = {}): Worker {
    return super.processBatch(handler, {
      ...options,
      deadLetters: options.deadLetters ?? this.#defaultStore(),
    });
  }

  override async close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    await super.close(options);
    await this.#ownStore?.close(options);
  }

  #defaultStore(): DeadLetterStore {
    if (this.#deadLetters !== undefined) return this.#deadLetters;
    if (this.#environment["NODE_ENV"] === "production") {
      throw new QueueError(
        "QUEUE_INVALID",
        "Expected `deadLetters` to say where dead letters go: with NODE_ENV=production there is no default",
      );
    }
    if (this.#ownStore === undefined) {
      this.#ownStore = FileDeadLetterStore.fromEnv(this.#environment);
      this.#warn("queue.default_dead_letters", { queue: this.name, path: this.#ownStore.path });
    }
    return this.#ownStore;
  }
}
