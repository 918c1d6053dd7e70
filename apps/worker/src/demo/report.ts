import type { DeadLetterStats } from "@chimera/dlq";
import type { QueueMetrics } from "@chimera/queue-core";
import Table from "cli-table3";
import pc from "picocolors";

import type { DayCount, StrongQuake } from "../quakes/quake-events.ts";

const BAR_WIDTH = 40;

/** What is about to happen, and on what. */
export function intro(events: number, parts: readonly (readonly [name: string, what: string])[]): string {
  const lines = parts.map(([name, what]) => `  ${pc.dim(name.padEnd(13))}${what}\n`);
  return `${pc.bold(`${events} earthquakes through a queue into Postgres and ClickHouse`)}\n${lines.join("")}\n`;
}

/** A heading with a blank line before it. */
export function heading(text: string): string {
  return `\n${pc.bold(text)}\n`;
}

export function strongestTable(quakes: readonly StrongQuake[]): string {
  const rows = quakes.map(({ magnitude, place, at, depthKm }) => [
    magnitude === null ? "" : magnitude.toFixed(1),
    place,
    at,
    depthKm.toFixed(1),
  ]);
  return table(["magnitude", "place", "time (UTC)", "depth km"], rows, ["right", "left", "left", "right"]);
}

export function dayTable(days: readonly DayCount[]): string {
  const most = Math.max(1, ...days.map(({ events }) => events));
  const rows = days.map(({ day, events, strongest }) => [
    day,
    String(events),
    strongest === null ? "" : strongest.toFixed(1),
    pc.cyan("█".repeat(Math.ceil((events * BAR_WIDTH) / most))),
  ]);
  return table(["day", "events", "strongest", ""], rows, ["left", "right", "right", "left"]);
}

export function metricsTable(metrics: QueueMetrics): string {
  const { depth, due, delayed, inFlight, enqueued, processed, retried, deadLettered, latency, durability } =
    metrics;
  const counts = {
    depth,
    due,
    delayed,
    "in flight": inFlight,
    enqueued,
    processed,
    retried,
    "dead-lettered": deadLettered,
  };
  const columns = Object.keys(counts);
  const values = Object.values(counts).map(String);
  const { p50, p95, p99, count, windowMs } = latency;
  const rolling = `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  return (
    table(
      columns,
      [values],
      columns.map(() => "right"),
    ) +
    `  latency of a job ${rolling} (${count} jobs in the last ${windowMs / 1_000} s); durability: ${durability}\n`
  );
}

/** The letters by reason. @param examples - what one of them says, by reason */
export function deadLetterTable(
  { count, byReason }: DeadLetterStats,
  examples: ReadonlyMap<string, string>,
): string {
  if (count === 0) return "  none\n";
  const rows = Object.entries(byReason).map(([reason, letters]) => [
    reason,
    String(letters),
    examples.get(reason) ?? "",
  ]);
  return table(["reason", "letters", "one of them says"], rows, ["left", "right", "left"]);
}

/** What the replay came to. */
export function replayed(replayedCount: number, deadLettered: number): string {
  return `  ${replayedCount} of ${deadLettered} dead letters went back through the queue with the corrected schema\n`;
}

type Alignment = "left" | "right";

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colAligns: Alignment[],
): string {
  const made = new Table({
    head: head.map((title) => pc.dim(title)),
    colAligns,
    style: { head: [], border: [] },
    chars: LINES,
  });
  made.push(...rows.map((row) => [...row]));
  return `${made.toString()}\n`;
}

/** Columns apart, and one rule under the head: nothing that a narrow terminal would break. */
const LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: " ",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ",
};
