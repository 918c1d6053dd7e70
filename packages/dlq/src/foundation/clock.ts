/** A pending call of a clock; ending it twice is harmless. */
export interface Timer {
  /** Takes the call back if it has not happened yet. */
  cancel(): void;
}

/**
 * The only source of time in Chimera's packages, injected so that tests move it by hand.
 *
 * Wall time names moments in records; monotonic time measures durations, since wall clocks are set back.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the system's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never goes back. */
  monotonic(): number;
  /**
   * Calls `callback` once after `delayMs` (>= 0) and keeps the process alive until then,
   * unless `background` is true.
   */
  schedule(callback: () => void, delayMs: number, background?: boolean): Timer;
}

/** The largest delay of a Node timer, 2^31 - 1 ms (24.8 days); a larger one fires at once (Node.js docs, `setTimeout`). */
const MAX_TIMER_MS = 2_147_483_647;

/** The system's clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(callback, delayMs, background = false) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    if (background) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Waits `delayMs` on `clock`.
 *
 * @throws the signal's reason as soon as `signal` aborts; the timer is taken back.
 */
export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.schedule(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
