import type { DeadLetter, DeadLetterReason } from "../dead-letter.ts";
import type { DeadLetterStore, StoredDeadLetter } from "../dead-letter-store.ts";
import { backoffDelayMs } from "../foundation/backoff.ts";
import { sleep } from "../foundation/clock.ts";
import { errorCode, errorMessage, isRetryable } from "../foundation/coded-error.ts";
import type { ReplayItem, ReplayOutcome, ReplayTarget } from "../replay-target.ts";
import { Pace } from "./pace.ts";
import type { ReplayProgress } from "./checkpoint.ts";
import { replayIdOf } from "./replay-id.ts";
import type { ResolvedReplayOptions } from "./replay-options.ts";

/** Milliseconds between two notes on progress: marks say what was done, so a note that is behind costs no letter. */
const SAVE_EVERY_MS = 500;
const MAX_ERRORS = 5;

type Counts = { -readonly [Name in keyof ReplayProgress]: ReplayProgress[Name] };

/** The reason why a run stopped early when the target was it; `cause` is the target's last error. */
export class TargetUnavailable extends Error {}

/** One run over the letters of a store: cuts batches, keeps some of them under way, and counts. */
export class ReplayRun {
  readonly #store: DeadLetterStore;
  readonly #target: ReplayTarget;
  readonly #options: ResolvedReplayOptions;
  readonly #save: RunStart["save"];
  readonly #counts: Counts;
  readonly #matched: Partial<Record<DeadLetterReason, number>> = {};
  readonly #pace: Pace;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #savedAt: number;

  constructor(
    store: DeadLetterStore,
    target: ReplayTarget,
    options: ResolvedReplayOptions,
    { progress, save, signals }: RunStart,
  ) {
    this.#store = store;
    this.#target = target;
    this.#options = options;
    this.#save = save;
    this.#counts = { ...progress };
    this.#pace = new Pace(options.ratePerSecond, options.clock);
    this.#signal = AbortSignal.any([this.#stop.signal, ...signals]);
    this.#savedAt = options.clock.monotonic();
  }

  get progress(): ReplayProgress {
    return { ...this.#counts };
  }

  /** Letters that matched and were met so far, by reason. */
  get matched(): Readonly<Partial<Record<DeadLetterReason, number>>> {
    return { ...this.#matched };
  }

  /**
   * Resolves when every letter was dealt with.
   * @throws what stopped it, after the batches under way have ended: a signal's reason, `TargetUnavailable`, an error
   * of the store.
   */
  async run(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    try {
      for await (const batch of this.#batches()) {
        await this.#pace.wait(batch.length, this.#signal);
        const sending = this.#send(batch).catch((error: unknown) => this.#stop.abort(error));
        underWay.add(sending);
        void sending.then(() => underWay.delete(sending));
        if (underWay.size >= this.#options.concurrency) await Promise.race(underWay);
      }
    } finally {
      await Promise.all(underWay);
    }
    this.#signal.throwIfAborted();
  }

  async *#batches(): AsyncGenerator<StoredDeadLetter[], void, void> {
    const { filter, maxReplays, batchSize } = this.#options;
    let batch: StoredDeadLetter[] = [];
    for await (const stored of this.#store.list(filter, { signal: this.#signal })) {
      const { ts, replays, reason } = stored.letter;
      // It came back since this replay began, most likely from this very replay.
      if (replays > 0 && ts >= this.#counts.startedAt) continue;
      this.#matched[reason] = (this.#matched[reason] ?? 0) + 1;
      if (replays >= maxReplays) {
        this.#counts.skipped++;
        continue;
      }
      batch.push(stored);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async #send(batch: readonly StoredDeadLetter[]): Promise<void> {
    let items = batch.map((stored) => this.#itemOf(stored));
    for (let tries = 1; items.length > 0; tries++) {
      const outcomes = await this.#take(items);
      items = await this.#settle(items, outcomes);
      await this.#report();
      if (items.length === 0) return;
      this.#signal.throwIfAborted();
      if (tries >= this.#options.maxTries) {
        throw new TargetUnavailable("The target is unavailable", { cause: firstError(outcomes) });
      }
      const { backoff, random, clock } = this.#options;
      await sleep(clock, backoffDelayMs(tries, backoff, random), this.#signal);
    }
  }

  #itemOf({ letter, state }: StoredDeadLetter): ReplayItem {
    return { letter, replayId: replayIdOf(letter, state === "replayed" ? this.#counts.startedAt : "") };
  }

  async #take(items: readonly ReplayItem[]): Promise<readonly ReplayOutcome[]> {
    try {
      return await this.#target.take(items, { signal: this.#signal });
    } catch (error) {
      // Whoever is stopped in the middle has not failed: the letters stay as they are.
      this.#signal.throwIfAborted();
      return items.map(() => ({ status: "failed", error }));
    }
  }

  /** Marks what was taken, puts back what failed for good, and answers what may work later. */
  async #settle(items: readonly ReplayItem[], outcomes: readonly ReplayOutcome[]): Promise<ReplayItem[]> {
    const done: DeadLetter[] = [];
    const back: DeadLetter[] = [];
    const later: ReplayItem[] = [];
    let duplicates = 0;
    for (const [at, item] of items.entries()) {
      const outcome = outcomes[at] ?? {
        status: "failed",
        error: "the target gave no answer for this letter",
      };
      if (typeof outcome !== "string") {
        if (isRetryable(outcome.error)) later.push(item);
        else back.push(this.#failedAgain(item.letter, outcome.error));
        continue;
      }
      done.push(item.letter);
      if (outcome === "duplicate") duplicates++;
    }
    if (done.length > 0) await this.#store.markReplayed(done);
    if (back.length > 0) await this.#store.append(back);
    this.#counts.taken += done.length - duplicates;
    this.#counts.duplicates += duplicates;
    this.#counts.failed += back.length;
    return later;
  }

  /** A new version of the letter: later than the one that was sent, and than the start of this replay. */
  #failedAgain(letter: DeadLetter, error: unknown): DeadLetter {
    const { clock } = this.#options;
    const atMs = Math.max(clock.now(), Date.parse(this.#counts.startedAt), Date.parse(letter.ts) + 1);
    const ts = new Date(atMs).toISOString();
    const code = errorCode(error);
    const message = errorMessage(error);
    const { code: _code, ...rest } = letter;
    const attempt = code === undefined ? { ts, message } : { ts, code, message };
    return {
      ...rest,
      ...attempt,
      attempts: letter.attempts + 1,
      errors: [...letter.errors, attempt].slice(-MAX_ERRORS),
      replays: letter.replays + 1,
    };
  }

  async #report(): Promise<void> {
    const { clock, onProgress } = this.#options;
    onProgress(this.progress);
    if (clock.monotonic() - this.#savedAt < SAVE_EVERY_MS) return;
    this.#savedAt = clock.monotonic();
    await this.#save(this.progress);
  }
}

/** What a run begins with. */
export interface RunStart {
  readonly progress: ReplayProgress;
  /** Notes how far the run is, durably. */
  readonly save: (progress: ReplayProgress) => Promise<void>;
  /** Each of them ends the run. */
  readonly signals: readonly AbortSignal[];
}

function firstError(outcomes: readonly ReplayOutcome[]): unknown {
  for (const outcome of outcomes) {
    if (typeof outcome !== "string" && isRetryable(outcome.error)) return outcome.error;
  }
  return undefined;
}
