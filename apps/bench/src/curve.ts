/** One queue's way through a curve: the rate at a value of what is varied. */
export interface CurveSide {
  readonly name: string;
  /** The greatest value that this side is measured at, where more would take minutes. @defaultValue no limit */
  readonly maxX?: number;
  rate(x: number): Promise<number>;
}

/** How a rate changes with one thing, in one file under `curves/`, exported as `curve`. The file's name is its name. */
export interface Curve {
  /** What is measured, in one sentence. */
  readonly title: string;
  readonly unit: "jobs/s";
  /** What is varied. */
  readonly xLabel: string;
  readonly xs: readonly number[];
  /** Packages whose versions stand beside the figures. */
  readonly peers: readonly string[];
  /** Prepares the sides once. */
  open(): Promise<{ readonly sides: readonly CurveSide[]; close(): Promise<void> }>;
}

/** What a curve's process prints. */
export interface CurveResult {
  readonly curve: string;
  readonly title: string;
  readonly xLabel: string;
  readonly unit: string;
  /** Runs of each point; their median is the point. */
  readonly runs: number;
  readonly series: readonly CurveSeries[];
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface CurveSeries {
  readonly name: string;
  /** What was varied, and the rate. */
  readonly points: readonly (readonly [x: number, y: number])[];
}
