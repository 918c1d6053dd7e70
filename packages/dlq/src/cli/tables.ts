import Table from "cli-table3";
import type { DeadLetterReason } from "../dead-letter.ts";
import { DEAD_LETTER_REASONS } from "../dead-letter.ts";
import type { Colors } from "./terminal.ts";

const LINES = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
];
const MORE_LINES = ["left", "left-mid", "mid", "mid-mid", "right", "right-mid"];
const NO_LINES = { ...Object.fromEntries([...LINES, ...MORE_LINES].map((line) => [line, ""])), middle: "  " };

/** A table without lines. Columns that are named in `right` hold figures. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
  right: readonly string[] = [],
): string {
  const result = new Table({
    head: head.map((name) => colors.dim(name)),
    colAligns: head.map((name) => (right.includes(name) ? "right" : "left")),
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  result.push(...rows.map((row) => [...row]));
  return `${result
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** Counts by reason, in the reasons' order, with a sum. */
export function reasonTable(
  byReason: Readonly<Partial<Record<DeadLetterReason, number>>>,
  colors: Colors,
): string {
  const rows = DEAD_LETTER_REASONS.filter((reason) => (byReason[reason] ?? 0) > 0).map((reason) => [
    reason,
    count(byReason[reason] ?? 0),
  ]);
  const sum = Object.values(byReason).reduce((total, each) => total + each, 0);
  return table(["REASON", "LETTERS"], [...rows, ["all", count(sum)]], colors, ["LETTERS"]);
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US").replaceAll(",", " ");
}

/** A number of things: `1 letter`, `2 letters`. */
export function counted(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? "" : "s"}`;
}

/** Bytes in the unit that reads best. */
export function size(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${units[step] ?? ""}`;
}

/**
 * Text of others on one line of a terminal: control characters, which could move the cursor or change colours, are
 * shown as `·`, and what is over `length` is cut.
 */
export function shown(text: string, length: number = Infinity): string {
  const plain = text.replaceAll(/\p{Cc}/gu, "·");
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain;
}
