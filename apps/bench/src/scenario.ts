/** What one run of one side measured. */
export interface Measurement {
  /** In the scenario's unit. */
  readonly value: number;
  /** Peak resident memory of the process that did the work, where the scenario used one of its own. */
  readonly peakRssMb?: number;
}

/** A prepared scenario: both sides on the same servers, in the same process, on the same data. */
export interface Sides {
  /** Where both sides write or read, when what is measured depends on it. */
  readonly fileSystem?: string;
  /** One timed run of ours. Throws when the run did not deliver exactly what went in. */
  ours(): Promise<number | Measurement>;
  /** One timed run of the reference, under the same check. */
  reference(): Promise<number | Measurement>;
  close(): Promise<void>;
}

/** One comparison, in one file under `scenarios/`, exported as `scenario`. The file's name is its name. */
export interface Scenario {
  /** What is compared, in one sentence. */
  readonly title: string;
  readonly unit:
    | "jobs/s"
    | "rows/s"
    | "records/s"
    | "queries/s"
    | "MB/s"
    | "ms"
    | "us/job"
    | "bytes/job"
    | "MB";
  /** Whether a larger figure is the better one; for times, memory and CPU a smaller one is. */
  readonly better: "higher" | "lower";
  readonly referenceName: string;
  /** The ratio that the project holds itself to. */
  readonly bar: number;
  /** Peak resident memory that ours must stay under, where memory is part of the promise. */
  readonly maxPeakRssMb?: number;
  /** How much work one run is, and how much under `--quick`. */
  readonly n: number;
  readonly quickN: number;
  /** Pairs of runs, interleaved. @defaultValue 5 */
  readonly pairs?: number;
  /** Packages whose versions stand beside the figure. */
  readonly peers?: readonly string[];
  /** Runs of each side that are not counted, so that both are compiled. @defaultValue 1 */
  readonly warmups?: number;
  /** Prepares both sides for runs of `n`. */
  open(n: number): Promise<Sides>;
}

/** Milliseconds that `work` took. */
export async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Operations a second of `work`, which does `count` of them. */
export async function ratePerSecond(count: number, work: () => Promise<void>): Promise<number> {
  return (count / (await elapsedMs(work))) * 1000;
}
