/** @import { SeriesName } from "../src/cockpit/cockpit-state.ts" */
import { brief, count, duration, NONE, rate } from "./format.js";
import { Chart } from "./chart.js";

/**
 * A line of a chart.
 *
 * @typedef {object} Line
 * @property {SeriesName} series
 * @property {string} label
 * @property {string} color - the custom property that has it
 * @property {boolean} [filled]
 * @property {readonly number[]} [dash] - so that lines differ for those who do not see the colours
 */

/**
 * A chart, and how its figures are written.
 *
 * @typedef {object} ChartDescription
 * @property {string} title
 * @property {string} unit - after the large figure
 * @property {SeriesName} main - the large figure
 * @property {(value: number | null | undefined) => string} format - in the legend, with its unit
 * @property {(value: number | null | undefined) => string} large - without its unit, where `unit` is given
 * @property {(value: number) => string} axis
 * @property {readonly Line[]} lines
 */

/** @type {readonly ChartDescription[]} */
const CHARTS = [
  {
    title: "Depth",
    unit: "jobs",
    main: "depth",
    format: count,
    large: count,
    axis: brief,
    lines: [
      { series: "depth", label: "ready", color: "--series-blue", filled: true },
      { series: "due", label: "due", color: "--series-amber", dash: [6, 4] },
    ],
  },
  {
    title: "Throughput",
    unit: "jobs/s",
    main: "donePerSecond",
    format: perSecond,
    large: rate,
    axis: (value) => `${brief(value)}/s`,
    lines: [
      { series: "donePerSecond", label: "done", color: "--series-green", filled: true },
      { series: "enqueuedPerSecond", label: "enqueued", color: "--series-blue", dash: [6, 4] },
      { series: "failedPerSecond", label: "failed", color: "--series-red", dash: [2, 3] },
    ],
  },
  {
    title: "In flight",
    unit: "jobs",
    main: "inFlight",
    format: count,
    large: count,
    axis: brief,
    lines: [{ series: "inFlight", label: "in flight", color: "--series-violet", filled: true }],
  },
  {
    title: "Latency, 95th percentile",
    unit: "",
    main: "p95Ms",
    format: duration,
    large: duration,
    axis: (value) => duration(value),
    lines: [
      { series: "p50Ms", label: "p50", color: "--series-green" },
      { series: "p95Ms", label: "p95", color: "--series-blue", filled: true },
      { series: "p99Ms", label: "p99", color: "--series-amber", dash: [6, 4] },
    ],
  },
];

/**
 * Makes every chart in `place`.
 *
 * @param {HTMLElement} place
 * @returns {Chart[]}
 */
export function makeCharts(place) {
  const charts = CHARTS.map((description) => new Chart(description));
  place.replaceChildren(...charts.map(({ figure }) => figure));
  // The canvas is drawn in colours of the style sheet, which change with the person's wish for light or dark.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const chart of charts) chart.rebuild();
  });
  return charts;
}

/** @param {number | null | undefined} value */
function perSecond(value) {
  const text = rate(value);
  return text === NONE ? NONE : `${text}/s`;
}
