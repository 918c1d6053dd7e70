/** A figure over time. */
export interface Series {
  readonly name: string;
  readonly unit: "bytes" | "count";
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** Whether a figure stayed what it was. */
export interface Flatness {
  readonly name: string;
  readonly unit: Series["unit"];
  /** Mean over the first half, in which a process warms up, and over the second. */
  readonly firstMean: number;
  readonly secondMean: number;
  /** By how much the least-squares line rises from one end of the second half to the other. */
  readonly rise: number;
  readonly allowed: number;
  readonly flat: boolean;
}

/** Of the second half's mean; with a heap of 15 MB and 200 jobs a second over two workers that is 4 bytes a job in half an hour. */
const ALLOWED_PART = 0.05;
/** What is small may move by this much: a key of a list that is empty now, a block of the allocator. */
const ALLOWED_LEAST = { bytes: 262_144, count: 2 } as const;
/** A line through fewer says nothing. */
const MIN_POINTS = 4;

/**
 * Flat means: over the second half, the least-squares line rises by at most 5 % of the mean, or by 256 KiB or 2 of a
 * count where that is more. Falling is flat. Fewer than four samples in the second half are not flat: nothing was shown.
 */
export function flatnessOf({ name, unit, points }: Series): Flatness {
  const half = points.slice(Math.floor(points.length / 2));
  const values = half.map(([, value]) => value);
  const secondMean = mean(values);
  const allowed = Math.max(secondMean * ALLOWED_PART, ALLOWED_LEAST[unit]);
  const spanMs = (half.at(-1)?.[0] ?? 0) - (half[0]?.[0] ?? 0);
  const rise = slope(half) * spanMs;
  return {
    name,
    unit,
    firstMean: mean(points.slice(0, points.length - half.length).map(([, value]) => value)),
    secondMean,
    rise,
    allowed,
    flat: half.length >= MIN_POINTS && rise <= allowed,
  };
}

/** Least squares, per millisecond. */
function slope(points: Series["points"]): number {
  const meanAt = mean(points.map(([at]) => at));
  const meanValue = mean(points.map(([, value]) => value));
  let covariance = 0;
  let variance = 0;
  for (const [at, value] of points) {
    covariance += (at - meanAt) * (value - meanValue);
    variance += (at - meanAt) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
