import type { Pressure } from "@chimera/queue-core";
import pc from "picocolors";

/** One second of a load. */
export interface LoadSecond {
  /** Since the start. */
  readonly seconds: number;
  /** Events a second at which the producer offers; 0 once it has ended. */
  readonly pace: number;
  readonly accepted: number;
  readonly done: number;
  readonly pressure: Pressure;
}

/** What a load came to. */
export interface LoadTally {
  /** Events that the queue took. */
  readonly accepted: number;
  /** Events that the producer kept back because the queue was critical. */
  readonly refused: number;
  /** Rows of this run in Postgres; rows in ClickHouse, `FINAL`. */
  readonly postgres: number;
  readonly clickhouse: number;
  readonly deadLettered: number;
  readonly peakDepth: number;
  readonly peakPressure: Pressure["level"];
  /** Milliseconds from the producer's end until nothing waited any more. */
  readonly recoveredMs: number;
}

const COLUMNS = ["second", "offered/s", "accepted", "done", "depth", "delay s"];
const COLOR = { ok: pc.green, high: pc.yellow, critical: pc.red };

/** What is about to happen, and the head of the rows. */
export function loadHead(
  ratePerSecond: number,
  forMs: number,
  { highDelayMs, criticalDelayMs }: { readonly highDelayMs: number; readonly criticalDelayMs: number },
): string {
  return (
    `${pc.bold(`${ratePerSecond} events a second for ${forMs / 1_000} s`)}\n` +
    `  the producer slows down from ${highDelayMs / 1_000} s of delay (high), and is refused from ${criticalDelayMs / 1_000} s (critical)\n\n` +
    `${pc.dim(row([...COLUMNS, "pressure"]))}\n`
  );
}

export function loadRow({ seconds, pace, accepted, done, pressure }: LoadSecond): string {
  const { level, depth, estimatedDelayMs } = pressure;
  const figures = [seconds, Math.round(pace), accepted, done, depth].map(String);
  return `${row([...figures, (estimatedDelayMs / 1_000).toFixed(1), COLOR[level](level)])}\n`;
}

/** The last line, apart from the rows. */
export function loadTally(line: string): string {
  return `\n${line}\n`;
}

/** For machines. */
export function loadLine(tally: LoadTally): string {
  const { accepted, refused, postgres, clickhouse, deadLettered, peakDepth, peakPressure, recoveredMs } =
    tally;
  return `load: accepted=${accepted} refused=${refused} postgres=${postgres} clickhouse=${clickhouse} dead_lettered=${deadLettered} peak_depth=${peakDepth} peak_pressure=${peakPressure} recovered_ms=${recoveredMs}`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => (index < COLUMNS.length ? cell.padStart(10) : `  ${cell}`)).join("");
}
