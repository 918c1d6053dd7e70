import { ExitCode } from "./exit-code.ts";
import { filterOf, type FilterFlags } from "./filter-options.ts";
import { countLetters, type CommonFlags, type Session } from "./session.ts";
import { count, counted, reasonTable, shown, size, table } from "./tables.ts";

/** Counts letters by reason and by source. */
export async function stats(session: Session, flags: CommonFlags & FilterFlags): Promise<number> {
  const { terminal, colors, json } = session;
  const found = await countLetters(session, filterOf(flags, Date.now()));
  if (json) {
    terminal.write(`${JSON.stringify(found)}\n`);
    return ExitCode.done;
  }
  const { byReason, bySource, bytes, oldestTs = "-", newestTs = "-", unreadable } = found;
  const sources = Object.entries(bySource)
    .toSorted(([, one], [, other]) => other - one)
    .map(([source, letters]) => [shown(source), count(letters)]);
  terminal.write(reasonTable(byReason, colors));
  if (sources.length > 0) terminal.write(`\n${table(["FROM", "LETTERS"], sources, colors, ["LETTERS"])}`);
  terminal.write(`\n${size(bytes)} from ${oldestTs} to ${newestTs}\n`);
  if (unreadable > 0) {
    terminal.note(colors.yellow(`${counted(unreadable, "line")} cannot be read: see chimera-dlq verify\n`));
  }
  return ExitCode.done;
}
