import Table from "cli-table3";
import type { CampaignReport } from "./campaign.ts";

/** Whether nothing happened that must not happen. */
export function sound({ verdict, drained, stuck, crashed }: CampaignReport): boolean {
  const { lost, unexpected, unexplained, staleAccepted } = verdict;
  return drained && stuck + crashed === 0 && lost + unexpected + unexplained + staleAccepted === 0;
}

/** Reports side by side, one column a system. */
export function reportTable(reports: readonly CampaignReport[]): string {
  const table = new Table({
    head: ["", ...reports.map(({ system }) => system)],
    style: { head: [], border: [] },
  });
  const row = (title: string, value: (report: CampaignReport) => string | number): void => {
    table.push([title, ...reports.map((report) => value(report).toLocaleString("en-US"))]);
  };
  row("faults made", ({ faults }) => Object.values(faults).reduce((sum, count) => sum + count, 0));
  row("attempted", ({ verdict }) => verdict.attempted);
  row("acknowledged", ({ verdict }) => verdict.acknowledged);
  row("ok", ({ verdict }) => verdict.ok);
  row("lost", ({ verdict }) => verdict.lost);
  row("unexpected", ({ verdict }) => verdict.unexpected);
  row("recovered without acknowledgement", ({ verdict }) => verdict.recovered);
  row("duplicated effects", ({ verdict }) => verdict.duplicated);
  row("of these unexplained by a lease", ({ verdict }) => verdict.unexplained);
  row("stale settles refused", ({ verdict }) => verdict.staleRefused);
  row("stale settles accepted", ({ verdict }) => verdict.staleAccepted);
  row(
    "recovery after a killed worker, ms",
    ({ workerRecoveryMs: { p50, p99, max } }) => `p50 ${p50}, p99 ${p99}, max ${max}`,
  );
  row(
    "recovery after server and network faults, ms",
    ({ serverRecoveryMs: { p50, p99, max } }) => `p50 ${p50}, p99 ${p99}, max ${max}`,
  );
  row("drained by itself", ({ drained }) => (drained ? "yes" : "NO"));
  row("processes that would not end", ({ stuck }) => stuck);
  row("processes that ended by themselves", ({ crashed }) => crashed);
  return table.toString();
}
