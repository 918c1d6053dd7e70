import { sleep, systemClock } from "@chimera/dlq";
import type { Clock, Logger } from "@chimera/dlq";
import type { Worker } from "@chimera/queue-core";

import type { Probe } from "../probes.ts";
import type { Service } from "../service.ts";
import type { CockpitState, Hello, LettersState, QueueState } from "./cockpit-state.ts";
import { EventStreams } from "./event-streams.ts";
import { partStates } from "./part-states.ts";
import { QueueWatch } from "./queue-watch.ts";
import { Refreshed } from "./refreshed.ts";
import { ReplayTask } from "./replay-task.ts";
import { SampleHistory } from "./sample-history.ts";

/** What a cockpit looks at. */
export interface CockpitSubject {
  readonly service: Service;
  /** `undefined` while none runs. */
  readonly worker: Worker | undefined;
  probes(): Promise<readonly Probe[]>;
}

/** How a cockpit is made. */
export interface CockpitOptions {
  readonly logger: Logger;
  /** What whoever changes something has to know. @defaultValue none: nothing can be changed */
  readonly adminToken?: string | undefined;
  /** Milliseconds between two looks at the queue, 50 or more. @defaultValue 1_000 */
  readonly everyMs?: number;
}

/** A quarter of an hour, at one look a second. */
const KEPT_SAMPLES = 900;
const PROBE_EVERY_MS = 2_000;
const COUNT_LETTERS_EVERY_MS = 1_000;

/**
 * What a person sees of a service at work, and does to it. Looks at the queue all the time, so that whoever opens the
 * page sees what was before; at everything that costs more only while somebody watches.
 */
export class Cockpit {
  readonly service: Service;
  readonly logger: Logger;
  readonly adminToken: string | undefined;
  readonly streams: EventStreams = new EventStreams();
  readonly replays: ReplayTask;
  readonly #subject: CockpitSubject;
  readonly #everyMs: number;
  readonly #clock: Clock = systemClock;
  readonly #history = new SampleHistory(KEPT_SAMPLES);
  readonly #watch: QueueWatch;
  readonly #letters: Refreshed<LettersState>;
  readonly #probes: Refreshed<readonly Probe[]>;
  readonly #closing = new AbortController();
  #queue: QueueState | null = null;

  constructor(subject: CockpitSubject, { logger, adminToken, everyMs = 1_000 }: CockpitOptions) {
    const { service } = subject;
    const clock = this.#clock;
    this.#subject = subject;
    this.service = service;
    this.logger = logger;
    this.adminToken = adminToken;
    this.#everyMs = everyMs;
    this.#watch = new QueueWatch(service, clock);
    this.replays = new ReplayTask({
      store: service.deadLetters,
      target: () => service.queue.replayTarget(),
      logger,
      clock,
    });
    this.#letters = new Refreshed(async () => service.deadLetters.stats(), {
      clock,
      everyMs: COUNT_LETTERS_EVERY_MS,
    });
    this.#probes = new Refreshed(async () => subject.probes(), { clock, everyMs: PROBE_EVERY_MS });
    void this.#look();
  }

  /** What a stream begins with: what is known already. What costs time to ask follows with the ticks. */
  hello(): Hello {
    return { everyMs: this.#everyMs, samples: this.#history.columns(), state: this.state };
  }

  /** Everything but the series, as it is known now. */
  get state(): CockpitState {
    const { worker } = this.#subject;
    return {
      atMs: this.#clock.now(),
      queue: this.#queue,
      parts: partStates(this.#probes.latest ?? [], this.service, this.#letters.latest),
      workers: worker === undefined ? [] : [worker.status],
      letters: this.#letters.latest ?? null,
      replay: this.replays.state,
      actions: this.adminToken !== undefined,
    };
  }

  /** Has the letters counted again at the next look, because some came or went by somebody's hand. */
  lettersChanged(): void {
    this.#letters.expire();
  }

  /**
   * Ends every stream and, within `deadlineMs`, the replay: from the first moment on it takes nothing for failed that
   * only fails because the service ends. Idempotent; before the service is closed.
   */
  async close(deadlineMs = 5_000): Promise<void> {
    this.#closing.abort();
    this.streams.close();
    const ended = new AbortController();
    const patience = sleep(this.#clock, deadlineMs, ended.signal).catch(() => {});
    await Promise.race([this.replays.close(), patience]);
    ended.abort();
  }

  async #look(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const startedAt = this.#clock.monotonic();
      const { sample, queue } = await this.#watch.look();
      if (signal.aborted) return;
      this.#queue = queue;
      this.#history.add(sample);
      if (this.streams.size > 0) {
        void this.#letters.refresh();
        void this.#probes.refresh();
        this.streams.send("tick", { sample, state: this.state });
      }
      const restMs = this.#everyMs - (this.#clock.monotonic() - startedAt);
      await sleep(this.#clock, Math.max(0, restMs), signal).catch(() => {});
    }
  }
}
