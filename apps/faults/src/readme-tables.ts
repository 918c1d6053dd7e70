import { readFileSync, writeFileSync } from "node:fs";
import { type CampaignResult, writtenResult } from "./campaign-result.ts";
import { REPORT_ROWS } from "./report.ts";
import { type SoakResult, writtenSoak } from "./soak/soak-result.ts";
import { soakTable } from "./soak/soak-table.ts";

const README = new URL("../README.md", import.meta.url);
const BLOCK = /(<!-- campaigns: ([a-z -]+) -->\n)[\s\S]*?(<!-- end -->)/g;
const SOAK = /(<!-- soak -->\n)[\s\S]*?(<!-- end -->)/;

/** The README with each of its blocks `<!-- campaigns: … --> <!-- end -->` drawn from the results of the campaigns it names. */
export function drawnReadme(
  text: string,
  resultOf: (campaign: string) => CampaignResult | undefined,
): string {
  return text.replace(BLOCK, (_, head: string, names: string, end: string) => {
    const results = names.split(" ").flatMap((name) => resultOf(name) ?? []);
    const body =
      results.length === 0
        ? `Not run yet: \`pnpm faults --campaign ${names}\`.`
        : `${table(results)}\n\n${settings(results)}`;
    return `${head}\n${body}\n\n${end}`;
  });
}

/** The README with its block `<!-- soak --> <!-- end -->` drawn from the result of the soak. */
export function withSoak(text: string, result: SoakResult | undefined): string {
  const body = result === undefined ? "Not run yet: `pnpm faults --soak 60`." : soakTable(result);
  return text.replace(SOAK, (_, head: string, end: string) => `${head}\n${body}\n\n${end}`);
}

/** As the README stands and as it should. */
export function readmeToday(): { readonly written: string; readonly drawn: string } {
  const written = readFileSync(README, "utf8");
  return { written, drawn: withSoak(drawnReadme(written, writtenResult), writtenSoak()) };
}

export function redrawReadme(): void {
  writeFileSync(README, readmeToday().drawn);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(results: readonly CampaignResult[]): string {
  return [
    line([
      "",
      ...results.map(
        ({ system, version, plan: { durability } }) =>
          `${system} ${version}${durability === undefined ? "" : `, \`${durability}\``}`,
      ),
    ]),
    line(["---", ...results.map(() => "---:")]),
    ...REPORT_ROWS.map(([title, value]) =>
      line([title, ...results.map((result) => value(result).toLocaleString("en-US"))]),
    ),
  ].join("\n");
}

/** What each ran with, and on what. */
function settings(results: readonly CampaignResult[]): string {
  return results
    .map(({ campaign, system, version, settings: set, plan, machine, segments }) => {
      const words = Object.entries(set).map(([name, value]) => `${name} ${value}`);
      const days = [...new Set(segments.map(({ startedAt }) => startedAt.slice(0, 10)))].join(", ");
      const server = segments[0]?.server;
      return `- \`${campaign}\`: ${system} ${version}, ${words.join(", ")}; ${segments.length} of ${plan.segments} segments of ${plan.durationMs / 60_000} minutes, ${plan.ratePerSecond} jobs/s asked for, ${plan.workers} workers; ${server === undefined ? "" : `${server}, `}Node ${machine["node"]}, ${machine["cpus"]} cores, ${days}.`;
    })
    .join("\n");
}
