/** @import { Sample, SampleColumns, SeriesName } from "../src/cockpit/cockpit-state.ts" */

/** As much as the service keeps at one sample a second. */
const KEEP_MS = 900_000;

/** @type {number[]} seconds since the epoch, as uPlot wants them */
let at = [];
/** @type {Map<string, (number | null)[]>} */
const values = new Map();

/**
 * Begins anew with what the service has kept.
 *
 * @param {SampleColumns} columns
 */
export function load({ atMs, ...columns }) {
  at = atMs.map((ms) => ms / 1_000);
  for (const [name, column] of Object.entries(columns)) values.set(name, [...column]);
}

/** @param {Sample} sample */
export function push({ atMs, ...sample }) {
  at.push(atMs / 1_000);
  for (const [name, value] of Object.entries(sample)) values.get(name)?.push(value);
  const outdated = at.findIndex((seconds) => seconds * 1_000 >= atMs - KEEP_MS);
  // In pieces, since every removal moves the rest.
  if (outdated < 100) return;
  at.splice(0, outdated);
  for (const column of values.values()) column.splice(0, outdated);
}

/**
 * The last part of some series, with the moments first.
 *
 * @param {readonly SeriesName[]} names
 * @param {number} windowMs
 * @returns {[number[], ...(number | null)[][]]}
 */
export function since(names, windowMs) {
  const from = (at.at(-1) ?? 0) - windowMs / 1_000;
  const start = Math.max(0, at.findIndex((seconds) => seconds >= from) - 1);
  return [at.slice(start), ...names.map((name) => (values.get(name) ?? []).slice(start))];
}
