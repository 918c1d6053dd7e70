import type { ScenarioResult } from "./result.ts";
import { escaped, STYLE } from "./svg-text.ts";

const ROW = 24;
const LABEL = 220;
const WIDTH = 380;
const AGAINST = 300;
const TOP = 30;
/** The left edge of the scale. */
const LEAST = 0.5;

/**
 * Ratios as horizontal bars on a logarithmic scale, an SVG drawn from the results alone: from 1, as good as the
 * reference, to the right where ours is better. The small mark is what the project holds itself to.
 */
export function ratioBars(results: readonly ScenarioResult[]): string {
  const top = Math.max(10, ...results.flatMap(({ ratio, bar }) => [ratio, bar]));
  const x = (ratio: number): number =>
    LABEL + (Math.log(Math.max(LEAST, ratio) / LEAST) / Math.log(top / LEAST)) * WIDTH;
  const height = TOP + results.length * ROW + 8;
  const one = x(1);
  const rows = results.map((result, row) => {
    const y = TOP + row * ROW;
    const [from, to] = [Math.min(one, x(result.ratio)), Math.max(one, x(result.ratio))];
    return [
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escaped(result.scenario)}</text>`,
      `<rect class="${result.ratio >= result.bar ? "met" : "missed"}" x="${from.toFixed(1)}" y="${y + 4}" width="${Math.max(1, to - from).toFixed(1)}" height="14" rx="2"/>`,
      `<path class="bar" d="M${x(result.bar).toFixed(1)} ${y + 1}v20"/>`,
      `<text x="${(Math.max(to, x(result.bar)) + 7).toFixed(1)}" y="${y + 15}">${times(result.ratio)} ${escaped(shortened(result.referenceName))}</text>`,
    ].join("");
  });
  const ticks = [1, 2, 5, 10, 100, 1_000]
    .filter((ratio) => ratio <= top)
    .map(
      (ratio) =>
        `<path class="grid" d="M${x(ratio).toFixed(1)} ${TOP - 6}V${height}"/><text class="small" x="${x(ratio).toFixed(1)}" y="${TOP - 12}" text-anchor="middle">${ratio}x</text>`,
    );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LABEL + WIDTH + AGAINST} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="How many times better than the reference">
<style>${STYLE}.met{fill:#3b7dd8}.missed{fill:#c4622d}.bar{stroke:#1a7f37;stroke-width:2}</style>
${[...ticks, ...rows].join("\n")}
</svg>
`;
}

function times(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString("en-US") : ratio.toFixed(ratio >= 10 ? 1 : 2)}x`;
}

function shortened(name: string): string {
  return name.length <= 42 ? name : `${name.slice(0, 40)}…`;
}
