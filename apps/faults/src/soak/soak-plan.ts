import { DEFAULTS } from "../campaigns.ts";

/** A long steady load without a fault: what grows in it would grow for ever. */
export interface SoakPlan {
  readonly minutes: number;
  /** Jobs a second that all producers hand in together. */
  readonly ratePerSecond: number;
  readonly producers: number;
  readonly workers: number;
  /** Milliseconds that a handler works. */
  readonly workMs: number;
  /** Milliseconds between two samples of memory. */
  readonly sampleEveryMs: number;
  /** How long a dead letter is kept before the producers purge it. */
  readonly keepLettersMs: number;
}

/** Enough for a line through the second half, few enough that forced collections are no load of their own. */
const SAMPLES = 240;
const MIN_SAMPLE_EVERY_MS = 250;

/** A load that an hour can run with beside other work. */
export function soakPlan(
  minutes: number,
  asked: Partial<Pick<SoakPlan, "ratePerSecond" | "producers" | "workers" | "workMs">> = {},
): SoakPlan {
  return {
    minutes,
    ratePerSecond: 200,
    producers: 1,
    workers: 2,
    workMs: DEFAULTS.workMs,
    sampleEveryMs: Math.max(MIN_SAMPLE_EVERY_MS, Math.round((minutes * 60_000) / SAMPLES)),
    keepLettersMs: Math.min(30_000, minutes * 10_000),
    ...asked,
  };
}
