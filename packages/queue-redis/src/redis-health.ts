import type { Preflight } from "./preflight.ts";

/** How a queue's connections stand. */
export interface RedisHealth {
  readonly connected: boolean;
  /** Milliseconds since the last reply to a command; `undefined` before the first. */
  readonly silentMs: number | undefined;
  /** Milliseconds that the current wait for a job has lasted; above 2_000 its connection is not what it should be. */
  readonly waitingMs: number;
  /** What the server said of itself at the start. */
  readonly preflight: Preflight | undefined;
}
