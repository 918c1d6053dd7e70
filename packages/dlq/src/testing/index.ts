/** Helpers for tests. Unstable: may change in any release. */
export { ManualClock } from "./manual-clock.ts";
