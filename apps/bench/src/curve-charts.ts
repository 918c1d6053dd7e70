import type { CurveResult } from "./curve.ts";
import { escaped, STYLE } from "./svg-text.ts";

const WIDTH = 430;
const HEIGHT = 250;
const COLUMNS = 2;
const LEFT = 54;
const RIGHT = 16;
const TOP = 44;
const BOTTOM = 44;

/** One small chart a curve, both axes logarithmic, an SVG drawn from the results alone. */
export function curveCharts(curves: readonly CurveResult[]): string {
  const rows = Math.ceil(curves.length / COLUMNS);
  const charts = curves.map(
    (curve, index) =>
      `<g transform="translate(${(index % COLUMNS) * WIDTH} ${Math.floor(index / COLUMNS) * HEIGHT})">\n${chart(curve)}\n</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * WIDTH} ${Math.max(1, rows) * HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Rates of the Redis queue as one thing changes">
<style>${STYLE}.s0{stroke:#3b7dd8;fill:#3b7dd8}.s1{stroke:#c4622d;fill:#c4622d}.s2{stroke:#8c959f;fill:#8c959f}.line{fill:none;stroke-width:2}</style>
${charts.join("\n")}
</svg>
`;
}

function chart({ curve, xLabel, unit, series }: CurveResult): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y));
  const [low, high] = [decadeBelow(Math.min(...ys)), Math.max(...ys) * 1.2];
  const x = scale(xs[0] ?? 1, xs.at(-1) ?? 10, LEFT, WIDTH - RIGHT);
  const y = scale(low, high, HEIGHT - BOTTOM, TOP);
  const grid = [1, 2, 5]
    .flatMap((step) => Array.from({ length: 8 }, (_, decade) => step * 10 ** decade))
    .filter((value) => value >= low && value <= high)
    .map(
      (value) =>
        `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/><text class="small" x="${LEFT - 6}" y="${y(value) + 3}" text-anchor="end">${short(value)}</text>`,
    );
  const marks = xs.map(
    (value) =>
      `<text class="small" x="${x(value)}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${short(value)}</text>`,
  );
  const lines = series.map(({ points }, index) =>
    [
      `<path class="line s${index}" d="M${points.map(([px, py]) => `${x(px)} ${y(py)}`).join("L")}"/>`,
      ...points.map(([px, py]) => `<circle class="s${index}" cx="${x(px)}" cy="${y(py)}" r="3"/>`),
    ].join(""),
  );
  const legend = series.map(
    ({ name }, index) =>
      `<circle class="s${index}" cx="${LEFT + 6 + index * 90}" cy="32" r="4"/><text x="${LEFT + 14 + index * 90}" y="36">${escaped(name)}</text>`,
  );
  return [
    `<text x="${LEFT}" y="18" font-weight="600">${escaped(curve)}, ${escaped(unit)}</text>`,
    ...legend,
    ...grid,
    ...marks,
    ...lines,
    `<text class="small" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
  ].join("\n");
}

/** Logarithmic, rounded to a tenth of a unit. */
function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = Math.log(to / from) || 1;
  return (value) => Number((start + (Math.log(value / from) / span) * (end - start)).toFixed(1));
}

function decadeBelow(value: number): number {
  return Number.isFinite(value) && value > 0 ? 10 ** Math.floor(Math.log10(value)) : 1;
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 1_000 ? `${Number((value / 1_000).toPrecision(3))}k` : String(value);
}
