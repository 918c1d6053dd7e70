import { errorMessage, FileDeadLetterStore, redactText } from "@chimera/dlq";
import type { Environment, FileDeadLetterStoreOptions } from "@chimera/dlq";
import type { Queue, Worker } from "@chimera/queue-core";
import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import type { ClickHouseOptions } from "@chimera/storage-clickhouse";
import { PostgresAdapter } from "@chimera/storage-postgres";
import type { PostgresAdapterOptions } from "@chimera/storage-postgres";

import { openQuakeQueue } from "./quake-queue.ts";
import type { QuakeQueue, QuakeQueueOptions } from "./quake-queue.ts";
import type { QuakeSchema } from "./quakes/quake.ts";
import { QuakeEvents } from "./quakes/quake-events.ts";
import { QuakeStore } from "./quakes/quake-store.ts";
import { storeQuake } from "./quakes/store-quake.ts";
import { SettingsCheck, withDefaults } from "./settings-check.ts";

/** What stands beside the settings, and in their place where embedded parts do. */
export interface ServiceOptions extends QuakeQueueOptions {
  readonly deadLetters?: FileDeadLetterStoreOptions;
  readonly postgres?: PostgresAdapterOptions;
  readonly clickhouse?: ClickHouseOptions;
}

/** Every part, made and not yet connected. */
interface ServiceParts {
  readonly queue: QuakeQueue;
  readonly deadLetters: FileDeadLetterStore;
  readonly postgres: PostgresAdapter;
  readonly clickhouse: ClickHouseAdapter;
  readonly concurrency: number;
}

/** Handlers at a time: most of them wait for their ClickHouse batch, which all of them fill together. */
export const DEFAULT_CONCURRENCY = 200;
/**
 * Handlers come in bursts, one a batch of ClickHouse: each burst would open overflow clients and close them again, 26 to
 * 65 connections for 5 000 events where ten that stay store them as fast.
 */
export const POSTGRES_DEFAULTS = { CHIMERA_POSTGRES_POOL_SIZE: "10", CHIMERA_POSTGRES_MAX_OVERFLOW: "0" };
/** Of the time to close: the rest is for the stores, whose clients say goodbye to their servers. */
const SHARE_OF_THE_QUEUE = 0.8;

/** The one place where all packages meet: a queue, two databases, a dead-letter store, and the handler between them. */
export class Service implements AsyncDisposable {
  readonly queue: Queue;
  readonly deadLetters: FileDeadLetterStore;
  readonly postgres: PostgresAdapter;
  readonly clickhouse: ClickHouseAdapter;
  readonly quakes: QuakeStore;
  readonly events: QuakeEvents;
  /** How the queue came to be where it is. */
  readonly queueChoice: Omit<QuakeQueue, "queue">;
  readonly #concurrency: number;

  private constructor({ queue, deadLetters, postgres, clickhouse, concurrency }: ServiceParts) {
    this.queue = queue.queue;
    this.queueChoice = queue;
    this.deadLetters = deadLetters;
    this.postgres = postgres;
    this.clickhouse = clickhouse;
    this.quakes = new QuakeStore(postgres);
    this.events = new QuakeEvents(clickhouse);
    this.#concurrency = concurrency;
  }

  /**
   * Makes every part from the environment; connects to nothing.
   *
   * @throws SettingsError with what is wrong in any of them, all at once.
   */
  static async open(environment: Environment, options: ServiceOptions): Promise<Service> {
    const check = new SettingsCheck();
    const { logger } = options;
    const concurrency =
      check.read(environment, (reader) =>
        reader.integer("CHIMERA_WORKER_CONCURRENCY", { min: 1, max: 10_000 }),
      ) ?? DEFAULT_CONCURRENCY;
    const queue = await check.attempt(async () => openQuakeQueue(environment, options));
    const deadLetters = await check.attempt(() =>
      FileDeadLetterStore.fromEnv(environment, { logger, ...options.deadLetters }),
    );
    const postgres = await check.attempt(() =>
      PostgresAdapter.fromEnv(withDefaults(environment, POSTGRES_DEFAULTS), { logger, ...options.postgres }),
    );
    const clickhouse = await check.attempt(async () =>
      ClickHouseAdapter.fromEnv(environment, { logger, ...options.clickhouse }),
    );
    if (clickhouse === null) check.reject("@clickhouse/client", "to be installed");
    if (queue && deadLetters && postgres && clickhouse && !check.failed) {
      return new Service({ queue, deadLetters, postgres, clickhouse, concurrency });
    }
    await Promise.all([queue?.queue, deadLetters, postgres, clickhouse].map(async (part) => part?.close()));
    throw check.error();
  }

  /** As dead letters name this queue. */
  get source(): string {
    return this.queue.replayTarget().name;
  }

  /** Starts to handle jobs, by this schema. @param run - names this run in what it stores, a UUID */
  work(schema: QuakeSchema, run: string): Worker {
    const { queue, deadLetters, quakes, events } = this;
    const handler = storeQuake({ queueName: queue.name, schema, quakes, events, run });
    return queue.process(handler, { deadLetters, concurrency: this.#concurrency });
  }

  /**
   * Asks every server whether it serves.
   *
   * @throws SettingsError with a line for each that does not, by the name of its variable.
   */
  async assertServing(): Promise<void> {
    const check = new SettingsCheck();
    const [queue, postgres, clickhouse] = await Promise.all([
      this.queue.ping().catch((error: unknown) => error),
      this.postgres.health(),
      this.clickhouse.health(),
    ]);
    if (queue !== undefined) check.reject("CHIMERA_REDIS_URL", serving("Redis", errorMessage(queue)));
    if (postgres.status !== "pass") {
      const why = postgres.error?.message ?? "it only reads";
      check.reject("CHIMERA_POSTGRES_URL", serving("Postgres", why));
    }
    if (clickhouse.status === "fail") {
      const why = clickhouse.servers.find(({ error }) => error !== undefined)?.error?.message ?? "no answer";
      check.reject("CHIMERA_CLICKHOUSE_URL", serving("ClickHouse", why));
    }
    check.throwIfAny();
  }

  /** Makes the tables. With `clean` everything that an earlier run left is removed first. */
  async prepare(clean: boolean): Promise<void> {
    if (clean) await Promise.all([this.quakes.drop(), this.events.drop(), emptyQueue(this.queue)]);
    await Promise.all([this.quakes.prepare(), this.events.prepare()]);
  }

  /**
   * Ends within `deadlineMs`, in the order in which nothing is lost: first what takes work, then what stores it. Jobs
   * that are not done by then go back to the queue, so nobody waits for what the stores still hold.
   */
  async close(deadlineMs = 5_000): Promise<void> {
    const endsAt = performance.now() + deadlineMs;
    await this.queue.close({ deadlineMs: Math.floor(deadlineMs * SHARE_OF_THE_QUEUE) });
    const left = { deadlineMs: Math.max(0, Math.floor(endsAt - performance.now())) };
    await Promise.all([this.clickhouse.close(left), this.postgres.close(left), this.deadLetters.close(left)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function serving(server: string, why: string): string {
  return `a ${server} that serves (${redactText(why, { maxLength: 200 })})`;
}

/** Cancels every job, also those that a killed run left in flight. */
async function emptyQueue({ admin }: Queue): Promise<void> {
  if (admin === undefined) return;
  await admin.clear();
  for (;;) {
    const { jobs } = await admin.browse({ state: "in-flight" });
    if (jobs.length === 0) return;
    await admin.cancel(jobs.map(({ job }) => job.id));
  }
}
