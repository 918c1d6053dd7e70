import type { ReplayItem, ReplayOutcome, ReplayTarget } from "@chimera/dlq";
import { enqueueError } from "./enqueue-outcome.ts";
import { MAX_BATCH, type EnqueueResult, type NewJob, type QueueBackend } from "./protocol.ts";
import { REPLAYS_HEADER } from "./reserved-headers.ts";
import { queueAddress } from "./worker/letters.ts";

/** Longer than a replay is resumed for: a week. */
export const DEFAULT_REPLAY_DEDUP_TTL_MS = 604_800_000;

/**
 * Sends dead letters back into a queue: the body to the byte, the headers, and how often it was replayed, so that a
 * letter made from the job counts on.
 *
 * The replay's id is job id and dedup key, kept for `dedupTtlMs` whether the job is alive or not: a replay that is cut
 * short and resumed within that time enqueues each letter once.
 */
export class QueueReplayTarget implements ReplayTarget {
  readonly name: string;
  readonly #backend: QueueBackend;
  readonly #dedupTtlMs: number;

  constructor(backend: QueueBackend, dedupTtlMs: number) {
    this.name = queueAddress(backend.name);
    this.#backend = backend;
    this.#dedupTtlMs = dedupTtlMs;
  }

  async take(
    items: readonly ReplayItem[],
    { signal }: { readonly signal?: AbortSignal },
  ): Promise<readonly ReplayOutcome[]> {
    const outcomes: ReplayOutcome[] = [];
    for (let from = 0; from < items.length; from += MAX_BATCH) {
      signal?.throwIfAborted();
      const batch = items.slice(from, from + MAX_BATCH);
      const results = await this.#backend.enqueue(batch.map((item) => this.#jobOf(item)));
      outcomes.push(...results.map((result, index) => this.#outcomeOf(result, batch[index]?.replayId ?? "")));
    }
    return outcomes;
  }

  #jobOf({ letter, replayId }: ReplayItem): NewJob {
    const headers = { ...letter.headers, [REPLAYS_HEADER]: String(letter.replays + 1) };
    const dedupKey = `replay:${replayId}`;
    return { id: replayId, body: letter.payload, headers, dedupKey, dedupTtlMs: this.#dedupTtlMs };
  }

  #outcomeOf(result: EnqueueResult, replayId: string): ReplayOutcome {
    if (result.status === "enqueued") return "taken";
    if (result.status === "duplicate") return "duplicate";
    return { status: "failed", error: enqueueError(this.#backend.name, replayId, result) };
  }
}
