import { errorMessage } from "../foundation/coded-error.ts";
import { redactText } from "../foundation/redact.ts";
import { replay, type ReplayReport } from "../replay/replay.ts";
import { ExitCode } from "./exit-code.ts";
import { filterOf, type FilterFlags } from "./filter-options.ts";
import { loadTarget } from "./load-target.ts";
import { progressBar } from "./progress-bar.ts";
import { countLetters, type CommonFlags, type Session } from "./session.ts";
import { count, reasonTable, shown } from "./tables.ts";

/** Options of `replay`. */
export interface ReplayFlags extends CommonFlags, FilterFlags {
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly concurrency: number;
  readonly batch: number;
  readonly maxReplays?: number;
}

/** Sends letters back, and says how many were taken, refused as known, failed again, or were left alone. */
export async function replayLetters(session: Session, flags: ReplayFlags): Promise<number> {
  const { store, terminal, colors, json } = session;
  const filter = filterOf(flags, Date.now());
  // First: a wrong path must not show only after the whole file was read.
  await using loaded = flags.dryRun === true ? undefined : await loadTarget(flags.to ?? "");
  const { byReason, count: letters } = await countLetters(session, filter);
  if (!json) terminal.write(reasonTable(byReason, colors));
  if (loaded === undefined) {
    if (json) terminal.write(`${JSON.stringify({ ended: "dry-run", matched: byReason })}\n`);
    return ExitCode.done;
  }
  const bar = progressBar(terminal, letters, "letters");
  let report: ReplayReport;
  try {
    report = await replay(store, loaded.target, {
      filter,
      concurrency: flags.concurrency,
      batchSize: flags.batch,
      ...(flags.rate !== undefined && { ratePerSecond: flags.rate }),
      ...(flags.maxReplays !== undefined && { maxReplays: flags.maxReplays }),
      signal: terminal.interrupted,
      onProgress: ({ taken, duplicates, failed, skipped }) =>
        bar.update(taken + duplicates + failed + skipped),
    });
  } finally {
    bar.stop();
  }
  terminal.write(json ? jsonReport(report) : shownReport(session, report, redactText(loaded.target.name)));
  return exitCode(report);
}

function jsonReport({ error, ...report }: ReplayReport): string {
  return `${JSON.stringify({ ...report, ...(error !== undefined && { error: safeMessage(error) }) })}\n`;
}

function shownReport({ colors }: Session, report: ReplayReport, target: string): string {
  const { taken, duplicates, failed, skipped, resumed, ended } = report;
  const lines = [
    `${resumed ? "Went on, and sent" : "Sent"} to ${shown(target)}:`,
    `  ${count(taken)} taken`,
    ...(duplicates > 0 ? [`  ${count(duplicates)} known already`] : []),
    ...(failed > 0 ? [colors.red(`  ${count(failed)} failed again`)] : []),
    ...(skipped > 0 ? [colors.yellow(`  ${count(skipped)} left alone: replayed as often as allowed`)] : []),
  ];
  if (ended === "aborted") lines.push("Interrupted. Run the same command again to go on.");
  if (ended === "target-unavailable") {
    lines.push(colors.red(`The target is unavailable: ${shown(safeMessage(report.error))}`));
    lines.push("Run the same command again to go on.");
  }
  return `${lines.join("\n")}\n`;
}

/** A target's own message may name its address, with the password in it; so may its name. */
function safeMessage(error: unknown): string {
  return redactText(errorMessage(error));
}

function exitCode({ ended, failed, skipped }: ReplayReport): number {
  if (ended === "aborted") return ExitCode.interrupted;
  if (ended === "target-unavailable") return ExitCode.failed;
  return failed + skipped > 0 ? ExitCode.incomplete : ExitCode.done;
}
