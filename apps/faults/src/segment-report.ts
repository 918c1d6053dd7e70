import type { Verdict } from "./judge.ts";
import type { Tally, WaitTimes } from "./tally.ts";

/** What one segment of a campaign found: one seed, one server, one set of processes. */
export interface SegmentReport {
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The state of the packages that it ran on: git's name of the tree, or none outside a repository. */
  readonly packagesTree?: string;
  /** The server's name and version, where there is one. */
  readonly server?: string;
  /** Faults made, by name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Each fault as `name from to victim`, in the ledger's milliseconds. */
  readonly timeline: readonly string[];
  readonly verdict: Verdict;
  /** How many jobs the drained queue itself counted as stored, and how many settles as ending one. */
  readonly counters?: { readonly stored: number; readonly ended: number };
  /** What the ledgers say about the examples of the verdict, by time; absent where there is nothing to explain. */
  readonly evidence?: readonly string[];
  /** Whether everything ended within five minutes after the last fault. */
  readonly drained: boolean;
  /** Processes that did not end within half a minute when asked to. */
  readonly stuck: number;
  /** Processes that ended by themselves. */
  readonly crashed: number;
  /** Milliseconds from an acknowledgement to the job's first effect, outages and backlogs included. */
  readonly waitMs: WaitTimes;
  /** How often work stood still for so many milliseconds, by the fault that held it up. */
  readonly recovery: Readonly<Record<string, Tally>>;
}
