import { InvalidArgumentError } from "commander";

const MAX_RATE = 100_000;
const MS_OF = { ms: 1, s: 1_000, m: 60_000 } as const;
const MIN_FOR_MS = 1_000;
const MAX_FOR_MS = 3_600_000;

/** Events a second. @throws InvalidArgumentError */
export function parseRate(text: string): number {
  const rate = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (rate < 1 || rate > MAX_RATE)
    throw new InvalidArgumentError(`Expected 1 to ${MAX_RATE} events a second.`);
  return rate;
}

/** Milliseconds of a time such as `30s`, `2m` or `1500ms`. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,7})(ms|s|m)$/.exec(text) ?? [];
  const durationMs = unit === "" ? 0 : Number(amount) * MS_OF[unit as keyof typeof MS_OF];
  if (durationMs < MIN_FOR_MS || durationMs > MAX_FOR_MS) {
    throw new InvalidArgumentError("Expected a time from 1s to 60m, such as 30s.");
  }
  return durationMs;
}
