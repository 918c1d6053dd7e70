import type { ScenarioResult } from "./result.ts";

const ROW = 26;
const LABEL = 240;
const WIDTH = 360;

/** Ratios as horizontal bars on a logarithmic scale, an SVG drawn from the results alone. */
export function ratioBars(results: readonly ScenarioResult[]): string {
  const top = Math.max(10, ...results.map((result) => result.ratio));
  const scale = (ratio: number): number =>
    Math.max(2, (Math.log10(Math.max(1, ratio)) / Math.log10(top)) * WIDTH);
  const rows = results.map((result, row) => {
    const y = row * ROW;
    const width = scale(result.ratio);
    return [
      `<text x="${LABEL - 8}" y="${y + 17}" text-anchor="end">${result.scenario}</text>`,
      `<rect x="${LABEL}" y="${y + 5}" width="${width.toFixed(1)}" height="16" rx="3"/>`,
      `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 17}">${result.ratio.toFixed(1)}x ${escaped(result.referenceName)}</text>`,
    ].join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LABEL + WIDTH + 260} ${results.length * ROW + 8}" font-family="system-ui, sans-serif" font-size="13" fill="#3b6ea5">
<style>text{fill:#57606a}@media (prefers-color-scheme:dark){text{fill:#c9d1d9}}</style>
${rows.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
