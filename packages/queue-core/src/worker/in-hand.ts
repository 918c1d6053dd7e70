import type { ActiveJob } from "./active-job.ts";
import type { DeadLettering } from "./dead-lettering.ts";
import type { FetchLoop } from "./fetch-loop.ts";
import type { Intake } from "./intake.ts";
import type { JobRunner } from "./job-runner.ts";
import type { Parking } from "./parking.ts";
import type { SettlementBatcher } from "./settlement-batcher.ts";

/** The parts of a worker that hold jobs, or what is to be told of them. */
export interface InHandOptions {
  readonly intake: Intake;
  readonly runner: JobRunner;
  readonly parking: Parking;
  readonly deadLettering: DeadLettering;
  readonly settlements: SettlementBatcher;
  readonly fetch: FetchLoop;
  readonly release: (jobs: readonly ActiveJob[]) => void;
}

/** What a worker has in its hands, wherever it is. */
export class InHand {
  readonly #options: InHandOptions;

  constructor(options: InHandOptions) {
    this.#options = options;
  }

  /** Whether nothing is but jobs that were fetched and not started. */
  get empty(): boolean {
    const { runner, settlements, deadLettering, parking } = this.#options;
    return runner.running === 0 && settlements.open === 0 && deadLettering.open === 0 && parking.size === 0;
  }

  /** Whether nothing is but suspects that wait for exactly this. */
  get quiet(): boolean {
    return this.empty && this.#options.fetch.calls === 0;
  }

  /** Every job whose lease must be kept. */
  *leased(): IterableIterator<ActiveJob> {
    const { intake, runner, parking, deadLettering } = this.#options;
    yield* intake.jobs();
    yield* runner.jobs();
    yield* parking.jobs();
    yield* deadLettering.jobs();
  }

  /** Every job that was fetched and not started. */
  *unstarted(): IterableIterator<ActiveJob> {
    yield* this.#options.intake.jobs();
    yield* this.#options.runner.unstarted();
  }

  /** Hands those back. Gathered ones were fetched first, so they go to the head last. */
  releaseUnstarted(): void {
    const { intake, runner, release } = this.#options;
    intake.releaseFetched();
    release(runner.takeUnstarted());
  }
}
