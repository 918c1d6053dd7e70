const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** What stands where there is no figure. */
export const NONE = "–";

/**
 * A count in full: `1,204`.
 *
 * @param {number | null | undefined} value
 */
export function count(value) {
  return value === null || value === undefined ? NONE : whole.format(value);
}

/**
 * A count with its noun: `1 letter`, `43 letters`.
 *
 * @param {number} value
 * @param {string} noun - in the singular, with a plain plural
 */
export function counted(value, noun) {
  return `${whole.format(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/**
 * A figure in as little space as an axis has: `1.2K`, `850`, `0.4`.
 *
 * @param {number} value
 */
export function brief(value) {
  return compact.format(value);
}

/**
 * A rate: `1,832` or `0.4`, of what and a second is the caller's.
 *
 * @param {number | null | undefined} value
 */
export function rate(value) {
  if (value === null || value === undefined) return NONE;
  return value >= 100 ? whole.format(value) : short.format(value);
}

/**
 * A duration in the unit in which people say it: `0.4 ms`, `820 ms`, `1.2 s`, `3 min 10 s`, `2 h 5 min`, `6 d 2 h`.
 *
 * @param {number | null | undefined} ms
 */
export function duration(ms) {
  if (ms === null || ms === undefined) return NONE;
  if (ms < 1_000) return `${short.format(ms)} ms`;
  if (ms < 60_000) return `${short.format(ms / 1_000)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return pair(minutes, "min", Math.floor((ms % 60_000) / 1_000), "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return pair(hours, "h", minutes % 60, "min");
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/**
 * Bytes, in powers of 1 000 as disks have them: `310 kB`.
 *
 * @param {number} value
 */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${short.format(size)} ${units[unit]}`;
}

/**
 * How long ago a moment was, in one unit: `just now`, `12 s ago`, `3 min ago`, `5 d ago`.
 *
 * @param {string} ts - ISO 8601
 * @param {number} nowMs - on the clock that made it
 */
export function ago(ts, nowMs) {
  const seconds = Math.floor((nowMs - Date.parse(ts)) / 1_000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/**
 * @param {number} large
 * @param {string} largeUnit
 * @param {number} small
 * @param {string} smallUnit
 */
function pair(large, largeUnit, small, smallUnit) {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
