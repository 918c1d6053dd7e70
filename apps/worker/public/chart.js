/** @import { ChartDescription } from "./charts.js" */
import { element, setText } from "./dom.js";
import { since } from "./series.js";
import uPlot from "./uplot.js";

const HEIGHT = 170;
/** Seconds between two moments on the axis; uPlot's own have no two minutes, and a phone would show one moment of five. */
const STEPS_S = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900];
/** Of a moment's text, to either side: nearer to the edge it would be cut off. */
const HALF_MOMENT = 18;
const RIGHT = 12;
/** A figure that a screen reader may ask for; not worth a change each second. */
const DESCRIBE_EVERY_MS = 5_000;

/** A chart over time with the figures of now, or of the moment that is pointed at in any of the charts. */
export class Chart {
  /** @type {uPlot | undefined} */
  #plot;
  #description;
  #windowMs = 300_000;
  #describedAt = 0;
  #width = 0;
  #large = element("span", { class: "figure" });
  #place = element("div", { class: "plot", role: "img" });
  /** @type {HTMLElement[]} */
  #values;
  /** What the page shows of it. */
  figure;

  /** @param {ChartDescription} description */
  constructor(description) {
    this.#description = description;
    this.#values = description.lines.map(() => element("span", { class: "value" }));
    const legend = description.lines.map(({ label, color, dash }, index) => {
      const key = element("i", { class: "key", "data-dashed": dash !== undefined });
      key.style.setProperty("--key", `var(${color})`);
      return element("li", {}, key, `${label} `, /** @type {HTMLElement} */ (this.#values[index]));
    });
    const unit = description.unit === "" ? [] : [element("span", { class: "unit" }, description.unit)];
    this.figure = element(
      "figure",
      { class: "card chart" },
      element(
        "figcaption",
        {},
        element("h3", {}, description.title),
        element("p", { class: "now" }, this.#large, ...unit),
      ),
      this.#place,
      element("ul", { class: "legend" }, ...legend),
    );
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === 0 || width === this.#width) return;
      this.#width = width;
      if (this.#plot === undefined) this.rebuild();
      else this.#plot.setSize({ width, height: HEIGHT });
    }).observe(this.#place);
  }

  /** @param {number} windowMs - how much of the past is shown */
  show(windowMs) {
    this.#windowMs = windowMs;
    this.draw();
  }

  /** Draws what the series have now. */
  draw() {
    const data = this.#data();
    this.#plot?.setData(data);
    this.#write(data, null);
    this.#describe(data);
  }

  /** Makes the plot anew, in the colours of now. */
  rebuild() {
    this.#plot?.destroy();
    if (this.#width > 0) this.#plot = new uPlot(this.#options(), this.#data(), this.#place);
  }

  #data() {
    const { lines } = this.#description;
    return since(
      lines.map(({ series }) => series),
      this.#windowMs,
    );
  }

  /**
   * @param {[number[], ...(number | null)[][]]} data
   * @param {number | null | undefined} index - `null` for the latest
   */
  #write([, ...columns], index) {
    const { lines, main, format, large } = this.#description;
    for (const [line, { series }] of lines.entries()) {
      const value = index === null || index === undefined ? columns[line]?.at(-1) : columns[line]?.[index];
      setText(/** @type {HTMLElement} */ (this.#values[line]), format(value));
      if (series === main) setText(this.#large, large(columns[line]?.at(-1)));
    }
  }

  /** @param {[number[], ...(number | null)[][]]} data */
  #describe([, ...columns]) {
    const nowMs = performance.now();
    if (this.#describedAt !== 0 && nowMs - this.#describedAt < DESCRIBE_EVERY_MS) return;
    this.#describedAt = nowMs;
    const { title, lines, format } = this.#description;
    const told = lines.map(({ label }, line) => {
      const known = (columns[line] ?? []).filter((value) => value !== null);
      if (known.length === 0) return `${label}: no figures`;
      return `${label}: now ${format(known.at(-1))}, from ${format(Math.min(...known))} to ${format(Math.max(...known))}`;
    });
    const minutes = this.#windowMs / 60_000;
    const past = minutes === 1 ? "minute" : `${minutes} minutes`;
    this.#place.setAttribute("aria-label", `${title} over the last ${past}. ${told.join(". ")}.`);
  }

  /** @returns {uPlot.Options} */
  #options() {
    const style = getComputedStyle(document.documentElement);
    const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const { lines, axis } = this.#description;
    const axisStyle = {
      stroke: color("--muted"),
      font: `12px ${style.fontFamily}`,
      ticks: { show: false },
      grid: { stroke: color("--grid"), width: 1 },
    };
    return {
      width: this.#width,
      height: HEIGHT,
      padding: [8, RIGHT, 0, 0],
      legend: { show: false },
      // Pointing at a moment in one chart shows it in all of them.
      cursor: { sync: { key: "cockpit" }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
      scales: {
        x: { range: (_plot, _from, to) => [to - this.#windowMs / 1_000, to] },
        y: { range: (_plot, _from, to) => [0, Math.max(1, to * 1.15)] },
      },
      axes: [
        {
          ...axisStyle,
          size: 28,
          space: 64,
          incrs: STEPS_S,
          values: (plot, moments) =>
            moments.map((moment) =>
              plot.valToPos(moment, "x") > plot.over.clientWidth - HALF_MOMENT + RIGHT
                ? ""
                : clockTime(moment),
            ),
        },
        { ...axisStyle, size: 58, space: 36, values: (_plot, values) => values.map(axis) },
      ],
      series: [
        {},
        ...lines.map(({ label, color: name, filled = false, dash = [] }) => ({
          label,
          stroke: color(name),
          width: 1.75,
          points: { show: false },
          fill: filled ? color(`${name}-soft`) : "transparent",
          dash: [...dash],
        })),
      ],
      hooks: {
        setCursor: [
          ({ cursor }) => {
            this.#write(this.#data(), cursor.idx);
          },
        ],
      },
    };
  }
}

/** @param {number} seconds - since the epoch */
function clockTime(seconds) {
  const text = new Date(seconds * 1_000).toLocaleTimeString("en-GB");
  return seconds % 60 === 0 ? text.slice(0, "16:55".length) : text;
}
