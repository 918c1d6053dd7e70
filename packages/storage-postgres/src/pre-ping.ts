import type { Limits } from "./failure.ts";
import type { ResolvedOptions } from "./options.ts";
import type { PooledClient } from "./pooled-client.ts";

/** A timer of Node drops the fraction of its delay, and so may fire this much before its time. */
export const TIMER_STEP_MS = 1;

/** `dead`: it did not answer in time. `given up`: the caller's own limits ended before that was certain. */
export type PingVerdict = "alive" | "dead" | "given up";

/**
 * Asks clients that were idle for long whether they still answer. Only those: a ping before every use halves the
 * speed, and a connection that served half a second ago is as good as one that was just pinged (HikariCP's window).
 */
export class PrePing {
  readonly #options: ResolvedOptions;
  readonly #underWay = new Set<PooledClient>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  isDue(client: PooledClient, nowMs: number): boolean {
    return this.#options.prePing && nowMs - client.lastUsedAt > this.#options.prePingIdleMs;
  }

  /** Pings; whatever the answer is not `alive`, the client's connection is cut. */
  async ping(client: PooledClient, { deadlineAt, signal }: Limits): Promise<PingVerdict> {
    const { prePingTimeoutMs, clock } = this.#options;
    const remainingMs = Math.max(0, deadlineAt - clock.monotonic());
    const giveUp = (): void => client.destroy();
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#underWay.add(client);
    const alive = await client.ping(Math.min(prePingTimeoutMs, remainingMs));
    this.#underWay.delete(client);
    signal?.removeEventListener("abort", giveUp);
    if (alive) return "alive";
    // A hurried caller says nothing about the network.
    const wasHurried = remainingMs < prePingTimeoutMs && clock.monotonic() >= deadlineAt - TIMER_STEP_MS;
    return wasHurried || signal?.aborted === true ? "given up" : "dead";
  }

  /** Ends the pings of clients older than `generation`: one that is dead of their age is enough to know. */
  endOlder(generation: number): void {
    for (const client of this.#underWay) if (client.generation < generation) client.destroy();
  }
}
