import Table from "cli-table3";
import type { CampaignResult } from "./campaign-result.ts";
import type { WaitTimes } from "./tally.ts";

/** The rows of a report, in reading order. */
export const REPORT_ROWS: readonly (readonly [
  title: string,
  value: (result: CampaignResult) => string | number,
])[] = [
  ["faults made", ({ total }) => total.faults],
  ["attempted", ({ total }) => total.verdict.attempted],
  ["acknowledged", ({ total }) => total.verdict.acknowledged],
  ["ok", ({ total }) => total.verdict.ok],
  ["given up with a dead letter", ({ total }) => total.verdict.deadLettered],
  ["lost", ({ total }) => total.verdict.lost],
  ["unexpected", ({ total }) => total.verdict.unexpected],
  ["recovered without acknowledgement", ({ total }) => total.verdict.recovered],
  ["duplicated effects", ({ total }) => total.verdict.duplicated],
  ["of these unexplained by a lease", ({ total }) => total.verdict.unexplained],
  ["stale settles refused", ({ total }) => total.verdict.staleRefused],
  ["stale settles accepted", ({ total }) => total.verdict.staleAccepted],
  ["recovery after worker faults, ms", ({ total }) => waits(total.recoveryMs.workers)],
  ["recovery after server and network faults, ms", ({ total }) => waits(total.recoveryMs.server)],
  ["longest wait of an acknowledged job, ms", ({ total }) => total.longestWaitMs],
  ["drained by itself", ({ total }) => (total.drained ? "yes" : "NO")],
  ["processes that would not end", ({ total }) => total.stuck],
  ["processes that ended by themselves", ({ total }) => total.crashed],
];

/** Results side by side for a terminal, one column a campaign. */
export function reportTable(results: readonly CampaignResult[]): string {
  const table = new Table({
    head: ["", ...results.map(({ system, version }) => `${system} ${version}`)],
    style: { head: [], border: [] },
  });
  for (const [title, value] of REPORT_ROWS) {
    table.push([title, ...results.map((result) => figure(value(result)))]);
  }
  return table.toString();
}

function figure(value: string | number): string {
  return value.toLocaleString("en-US");
}

function waits({ samples, p50, p99, max }: WaitTimes): string {
  if (samples === 0) return "none";
  return `p50 ${figure(p50)}, p99 ${figure(p99)}, max ${figure(max)} (${figure(samples)})`;
}
