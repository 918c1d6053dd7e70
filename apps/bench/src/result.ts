/** What `--json` prints, one line a scenario. */
export interface ScenarioResult {
  readonly scenario: string;
  /** Medians over the pairs. */
  readonly ours: number;
  readonly reference: number;
  readonly referenceName: string;
  /** Median over the pairs of how many times better ours is. */
  readonly ratio: number;
  /** The lowest and the highest of the pairs' ratios: how noisy the machine was. */
  readonly ratioRange: readonly [number, number];
  readonly bar: number;
  readonly unit: string;
  readonly n: number;
  readonly pairs: number;
  readonly peakRssMb: number;
  /** What `peakRssMb` must not pass, where the scenario says so. */
  readonly maxPeakRssMb?: number;
  readonly node: string;
  /** On which a durable figure was taken, such as `ext4`. */
  readonly fileSystem?: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Four significant digits: more would claim a precision that no shared machine has. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
