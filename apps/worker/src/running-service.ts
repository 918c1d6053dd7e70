import { randomUUID } from "node:crypto";

import { backoffDelayMs, errorMessage, redactText, sleep, systemClock } from "@chimera/dlq";
import type { Logger } from "@chimera/dlq";
import type { Worker, WorkerStatus } from "@chimera/queue-core";

import { Probes } from "./probes.ts";
import type { Probe } from "./probes.ts";
import { correctedQuakeSchema } from "./quakes/quake.ts";
import type { Service } from "./service.ts";

/** Why the service is not ready, one sentence each; none when it is. */
export type Reasons = readonly string[];

/** A fetch loop with nothing to do asks again every 5 s. */
const STANDSTILL_MS = 15_000;
const PREPARE_BACKOFF = { baseDelayMs: 250, maxDelayMs: 5_000 };

/**
 * A service at work: it makes its tables as soon as the databases come, handles jobs from then on, and says at any
 * time whether it is ready.
 */
export class RunningService {
  readonly service: Service;
  readonly #logger: Logger;
  readonly #probes: Probes;
  readonly #stopping = new AbortController();
  readonly #started: Promise<void>;
  #worker: Worker | undefined;

  /** @param onWorker - called with the worker once it runs */
  constructor(service: Service, logger: Logger, onWorker: (worker: Worker) => void) {
    this.service = service;
    this.#logger = logger;
    this.#probes = new Probes(service);
    this.#started = this.#start(onWorker);
  }

  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** `undefined` until the tables are there. */
  get worker(): Worker | undefined {
    return this.#worker;
  }

  async probes(): Promise<readonly Probe[]> {
    return this.#probes.ask();
  }

  /** Asks every part; the service is ready when the answer is empty. */
  async reasonsNotReady(): Promise<Reasons> {
    if (this.stopping) return ["the service is shutting down"];
    const failed = (await this.#probes.ask()).filter(({ status }) => status === "fail");
    const reasons = failed.map(({ name, output }) => `${name}: ${output ?? "does not serve"}`);
    const status = this.#worker?.status;
    if (status === undefined) reasons.push("the tables are not there yet");
    else if (await this.#standsStill(status)) {
      reasons.push(`the worker has fetched nothing for ${Math.round(status.lastFetchAgoMs / 1_000)} s`);
    }
    if (status?.deadLettersFailing === true) reasons.push("dead letters cannot be stored");
    return reasons;
  }

  /** Takes no new jobs, lets running ones end, and closes everything, within `deadlineMs`. Idempotent. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    // First what may hang: closed adapters let go of a start that still waits for its servers.
    await this.service.close(deadlineMs);
    await this.#started;
  }

  /** Whether the worker could fetch and does not: an alarm of its own, since its servers may well answer. */
  async #standsStill({ running, lastFetchAgoMs, backendOutageMs }: WorkerStatus): Promise<boolean> {
    if (backendOutageMs > STANDSTILL_MS) return true;
    if (running > 0 || lastFetchAgoMs <= STANDSTILL_MS) return false;
    const paused = await this.service.queue.metrics().then(
      (metrics) => metrics.paused,
      () => false,
    );
    return !paused;
  }

  async #start(onWorker: (worker: Worker) => void): Promise<void> {
    for (let failures = 1; !this.stopping; failures += 1) {
      try {
        await this.service.prepare(false);
        break;
      } catch (error) {
        this.#logger.warn("service.not_prepared", { message: redactText(errorMessage(error)) });
      }
      await sleep(systemClock, backoffDelayMs(failures, PREPARE_BACKOFF), this.#stopping.signal).catch(
        () => {},
      );
    }
    if (this.stopping) return;
    this.#worker = this.service.work(correctedQuakeSchema, randomUUID());
    onWorker(this.#worker);
  }
}
