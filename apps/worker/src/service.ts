import { errorMessage, FileDeadLetterStore, redactText } from "@chimera/dlq";
import type { Environment, FileDeadLetterStoreOptions, Logger } from "@chimera/dlq";
import { LocalQueue } from "@chimera/queue-core";
import type { Queue, Worker } from "@chimera/queue-core";
import { RedisQueue } from "@chimera/queue-redis";
import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import type { ClickHouseOptions } from "@chimera/storage-clickhouse";
import { PostgresAdapter } from "@chimera/storage-postgres";
import type { PostgresAdapterOptions } from "@chimera/storage-postgres";

import type { QuakeSchema } from "./quakes/quake.ts";
import { QuakeEvents } from "./quakes/quake-events.ts";
import { QuakeStore } from "./quakes/quake-store.ts";
import { storeQuake } from "./quakes/store-quake.ts";
import { isSet, SettingsCheck } from "./settings-check.ts";

/** The queue of all quakes, in Redis too. */
const QUEUE = "chimera-demo-quakes";

/** Handlers at a time: most of them wait for their ClickHouse batch, which all of them fill together. */
const CONCURRENCY = 200;

/** What stands in for settings, where embedded parts do. */
export interface ServiceOverrides {
  readonly logger: Logger;
  readonly journalDirectory: string;
  readonly deadLetters: FileDeadLetterStoreOptions;
  readonly postgres: PostgresAdapterOptions;
  readonly clickhouse: ClickHouseOptions;
}

/** The one place where all packages meet: a queue, two databases, a dead-letter store, and the handler between them. */
export class Service implements AsyncDisposable {
  readonly queue: Queue;
  readonly deadLetters: FileDeadLetterStore;
  readonly quakes: QuakeStore;
  readonly events: QuakeEvents;
  readonly #postgres: PostgresAdapter;
  readonly #clickhouse: ClickHouseAdapter;

  private constructor(parts: {
    readonly queue: Queue;
    readonly deadLetters: FileDeadLetterStore;
    readonly postgres: PostgresAdapter;
    readonly clickhouse: ClickHouseAdapter;
  }) {
    this.queue = parts.queue;
    this.deadLetters = parts.deadLetters;
    this.#postgres = parts.postgres;
    this.#clickhouse = parts.clickhouse;
    this.quakes = new QuakeStore(parts.postgres);
    this.events = new QuakeEvents(parts.clickhouse);
  }

  /**
   * Makes every part from the environment; connects to nothing.
   *
   * @throws SettingsError with what is wrong in any of them, all at once.
   */
  static async open(environment: Environment, overrides: ServiceOverrides): Promise<Service> {
    const check = new SettingsCheck();
    const { logger } = overrides;
    const queue = await check.attempt(() => makeQueue(environment, overrides));
    const deadLetters = await check.attempt(() =>
      FileDeadLetterStore.fromEnv(environment, { logger, ...overrides.deadLetters }),
    );
    const postgres = await check.attempt(() =>
      PostgresAdapter.fromEnv(environment, { logger, ...overrides.postgres }),
    );
    const clickhouse = await check.attempt(async () =>
      ClickHouseAdapter.fromEnv(environment, { logger, ...overrides.clickhouse }),
    );
    const made = [queue, deadLetters, postgres, clickhouse];
    if (queue && deadLetters && postgres && clickhouse)
      return new Service({ queue, deadLetters, postgres, clickhouse });
    await Promise.all(made.map(async (part) => part?.close()));
    if (clickhouse === null) check.reject("@clickhouse/client", "to be installed");
    check.throwIfAny();
    throw new Error("A part of the service is missing, and no setting says why");
  }

  /** As dead letters name this queue. */
  get source(): string {
    return this.queue.replayTarget().name;
  }

  /** Starts to handle jobs, by this schema. @param run - names this run in what it stores, a UUID */
  work(schema: QuakeSchema, run: string): Worker {
    const { deadLetters, quakes, events } = this;
    const handler = storeQuake({ schema, quakes, events, run });
    return this.queue.process(handler, { deadLetters, concurrency: CONCURRENCY });
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
      this.#postgres.health(),
      this.#clickhouse.health(),
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

  /** Ends in the order in which nothing is lost: first what takes work, then what stores it. */
  async close(deadlineMs = 5_000): Promise<void> {
    await this.queue.close({ deadlineMs });
    await Promise.all([
      this.#clickhouse.close({ deadlineMs }),
      this.#postgres.close({ deadlineMs }),
      this.deadLetters.close({ deadlineMs }),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** On Redis where a variable names one, else in this process. */
function makeQueue(environment: Environment, { journalDirectory, logger }: ServiceOverrides): Queue {
  const names = ["CHIMERA_REDIS_URL", "CHIMERA_REDIS_CLUSTER_NODES", "CHIMERA_REDIS_SENTINEL_NODES"];
  if (names.some((name) => isSet(environment, name)))
    return RedisQueue.fromEnv(QUEUE, environment, { logger });
  const journalled: Environment = isSet(environment, "CHIMERA_QUEUE_JOURNAL_DIR")
    ? environment
    : (Object.create(environment, { CHIMERA_QUEUE_JOURNAL_DIR: { value: journalDirectory } }) as Environment);
  return LocalQueue.fromEnv(QUEUE, journalled, { logger });
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
