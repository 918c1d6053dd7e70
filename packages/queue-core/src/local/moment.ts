/** The first whole millisecond at which a duration that begins at `nowMs` is over. */
export function momentAfter(nowMs: number, durationMs: number): number {
  return Math.ceil(nowMs) + durationMs;
}
