import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { replay } from "@chimera/dlq";
import type { DeadLetterFilter, Environment } from "@chimera/dlq";
import type { Worker } from "@chimera/queue-core";

import { correctedQuakeSchema, firstQuakeSchema } from "../quakes/quake.ts";
import type { QuakeSchema } from "../quakes/quake.ts";
import { Service } from "../service.ts";
import { DemoCockpit } from "./demo-cockpit.ts";
import type { DemoDirectory } from "./demo-directory.ts";
import { startEmbeddedParts } from "./embedded-parts.ts";
import type { Feature } from "./feed.ts";
import { HeldWarnings } from "./held-warnings.ts";
import { startProgress } from "./progress.ts";
import type { Output } from "./progress.ts";
import * as report from "./report.ts";
import { tallyLine } from "./tally.ts";

/** What one run of the demo is given. */
export interface DemoOptions {
  readonly features: readonly Feature[];
  readonly environment: Environment;
  readonly directory: DemoDirectory;
  /** Whether what an earlier run stored stays. */
  readonly keep: boolean;
  /** Whether the service goes on, with its cockpit, until the signal aborts. */
  readonly stay: boolean;
  readonly output: Output;
  /** Ends the run early; everything is closed in order first. */
  readonly signal: AbortSignal;
}

const STRONGEST = 10;
const SETTLED_POLL_MS = 50;

/**
 * Sends events through the queue into both databases with a schema that is wrong about some of them, shows what came
 * of it, and brings the refused ones home with the corrected schema.
 *
 * @throws SettingsError for settings to mend; the signal's reason after an early end.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { environment, directory, keep, output } = options;
  await using parts = await startEmbeddedParts(environment, directory, !keep);
  const logger = new HeldWarnings((line) => void process.stderr.write(line));
  await using service = await Service.open(environment, { logger, ...parts.overrides });
  await service.assertServing();
  logger.release();
  await service.prepare(!keep);
  await using cockpit = await DemoCockpit.open(service, environment, logger);
  output.write(report.intro(options.features.length, [...parts.description, ["cockpit", cockpit.where]]));
  const demo = new Demo(service, cockpit, options);
  await demo.run();
  if (options.stay) await demo.stay();
}

/** The steps of one run. */
class Demo {
  readonly #service: Service;
  readonly #cockpit: DemoCockpit;
  readonly #options: DemoOptions;
  readonly #run = randomUUID();
  /** The dead letters of this run. */
  readonly #letters: DeadLetterFilter;

  constructor(service: Service, cockpit: DemoCockpit, options: DemoOptions) {
    this.#service = service;
    this.#cockpit = cockpit;
    this.#options = options;
    this.#letters = { source: service.source, since: new Date().toISOString() };
  }

  async run(): Promise<void> {
    const { queue, quakes, events, deadLetters } = this.#service;
    const { output } = this.#options;
    const before = await queue.metrics();
    await this.#handle("handled", this.#options.features.length, firstQuakeSchema, async () =>
      this.#enqueue(),
    );
    const enqueued = (await queue.metrics()).enqueued - before.enqueued;
    const { ofRun: stored } = await quakes.count(this.#run);
    const { count: deadLettered } = await deadLetters.stats(this.#letters);
    await this.#reportFirstPass(stored);

    output.write(report.heading("Replay"));
    // Letters that a run before this one was too short for come home as well.
    const { count: waiting } = await deadLetters.stats({ source: this.#service.source });
    await this.#handle("replayed", waiting, correctedQuakeSchema, async () => this.#replay());
    const { count: replayed } = await deadLetters.stats({ ...this.#letters, state: "replayed" });
    const { total: postgres } = await quakes.count(this.#run);
    const clickhouse = await events.count();
    output.write(report.replayed(replayed, deadLettered));
    output.write(`\n${tallyLine({ enqueued, stored, deadLettered, replayed, postgres, clickhouse })}\n`);
  }

  /** Goes on as the service would, for whoever looks at the cockpit. */
  async stay(): Promise<void> {
    const { signal } = this.#options;
    process.stderr.write(`the cockpit stays at ${this.#cockpit.where}; ctrl-C ends it\n`);
    await using worker = this.#service.work(correctedQuakeSchema, this.#run);
    this.#cockpit.worker = worker;
    if (!signal.aborted) await once(signal, "abort");
  }

  /** Runs a worker while `feed` brings it jobs, until the queue has none left. */
  async #handle(label: string, total: number, schema: QuakeSchema, feed: () => Promise<void>): Promise<void> {
    const progress = startProgress(this.#options.output, label, total);
    const worker = this.#service.work(schema, this.#run);
    this.#cockpit.worker = worker;
    let handled = 0;
    worker.on("completed", () => progress.update((handled += 1)));
    worker.on("deadLettered", () => progress.update((handled += 1)));
    try {
      await this.#unlessAborted(feed());
      await this.#unlessAborted(this.#settled(worker));
    } finally {
      progress.stop();
      await worker.close();
    }
  }

  async #enqueue(): Promise<void> {
    const { queue } = this.#service;
    // The event's id is the job's: what an earlier run left in the queue is not enqueued twice.
    await Promise.all(
      this.#options.features.map(async (feature) => queue.enqueue(feature, { id: feature.id })),
    );
  }

  async #replay(): Promise<void> {
    const { queue, deadLetters, source } = this.#service;
    const { ended, error } = await replay(deadLetters, queue.replayTarget(), {
      filter: { source },
      signal: this.#options.signal,
    });
    if (ended === "target-unavailable") throw error;
  }

  /** Waits until the queue is empty, jobs that wait for another try included. */
  async #settled(worker: Worker): Promise<void> {
    for (;;) {
      await worker.idle();
      const { depth, due, delayed, inFlight } = await this.#service.queue.metrics();
      if (depth + due + delayed + inFlight === 0) return;
      await delay(SETTLED_POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #unlessAborted<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([work, aborted]);
  }

  async #reportFirstPass(stored: number): Promise<void> {
    const { queue, events, deadLetters } = this.#service;
    const { output } = this.#options;
    output.write(report.heading("The ten strongest, asked of ClickHouse"));
    output.write(report.strongestTable(await events.strongest(STRONGEST)));
    output.write(report.heading("Events per day, asked of ClickHouse"));
    output.write(report.dayTable(await events.perDay()));
    output.write(report.heading("Postgres"));
    output.write(`  ${stored} rows stored by this run\n`);
    output.write(report.heading("Queue"));
    output.write(report.metricsTable(await queue.metrics()));
    output.write(report.heading("Dead letters"));
    output.write(report.deadLetterTable(await deadLetters.stats(this.#letters), await this.#examples()));
  }

  /** One letter of each reason. */
  async #examples(): Promise<ReadonlyMap<string, string>> {
    const examples = new Map<string, string>();
    for await (const { letter } of this.#service.deadLetters.list(this.#letters)) {
      if (!examples.has(letter.reason)) examples.set(letter.reason, letter.message);
    }
    return examples;
  }
}
