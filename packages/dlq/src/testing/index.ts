/** Helpers for tests. Unstable: may change in any release. */
export { ManualClock } from "./manual-clock.ts";
export { sampleLetter } from "./sample-letter.ts";
