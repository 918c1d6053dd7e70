import { encodeLetter } from "../file/line-codec.ts";
import { ExitCode } from "./exit-code.ts";
import { filterOf, type FilterFlags } from "./filter-options.ts";
import type { CommonFlags, Session } from "./session.ts";
import { count, shown, table } from "./tables.ts";

/** Options of `ls`. */
export interface ListFlags extends CommonFlags, FilterFlags {
  readonly limit: number;
}

const MESSAGE_LENGTH = { min: 20, max: 120 };

/** Lists letters, oldest first. */
export async function list(session: Session, flags: ListFlags): Promise<number> {
  const { store, terminal, colors, json } = session;
  const limit = flags.limit === 0 ? Infinity : flags.limit;
  const rows: string[][] = [];
  let listed = 0;
  let isCut = false;
  for await (const { letter, state } of store.list(filterOf(flags, Date.now()), {
    signal: terminal.interrupted,
  })) {
    if (listed === limit) {
      isCut = true;
      break;
    }
    listed++;
    if (json) {
      terminal.write(encodeLetter(letter));
      continue;
    }
    const { id, ts, reason, source, target, code = "", attempts, message } = letter;
    const way = source === target ? source : `${source} > ${target}`;
    const when = ts.slice(0, 19).replace("T", " ");
    const standing = state === "dead" ? reason : `${reason} (replayed)`;
    rows.push([shown(id), when, standing, shown(way), shown(code), String(attempts), shown(message)]);
  }
  if (json) return ExitCode.done;
  if (listed === 0) {
    terminal.note("No letters match.\n");
    return ExitCode.done;
  }
  terminal.write(listTable(session, rows));
  if (isCut) terminal.note(colors.dim(`The first ${count(limit)}; more with --limit, all with --limit 0.\n`));
  return ExitCode.done;
}

/** Cuts the messages so that lines fit the terminal where they can. */
function listTable({ colors, terminal }: Session, rows: readonly string[][]): string {
  const others = Math.max(
    ...rows.map((row) => row.slice(0, -1).reduce((sum, cell) => sum + cell.length + 2, 0)),
  );
  const { min, max } = MESSAGE_LENGTH;
  const length = Math.max(min, Math.min(max, terminal.width - others - 1));
  const cut = rows.map((row) => [...row.slice(0, -1), shown(row.at(-1) ?? "", length)]);
  return table(["ID", "GIVEN UP (UTC)", "REASON", "FROM", "CODE", "TRIES", "MESSAGE"], cut, colors, [
    "TRIES",
  ]);
}
