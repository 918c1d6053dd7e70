import { DlqError } from "../errors.ts";
import { ExitCode } from "./exit-code.ts";
import { filterOf, type FilterFlags } from "./filter-options.ts";
import { countLetters, type CommonFlags, type Session } from "./session.ts";
import { counted, reasonTable } from "./tables.ts";

/** Options of `purge`. */
export interface PurgeFlags extends CommonFlags, FilterFlags {
  readonly yes?: boolean;
}

/** Removes letters for good, after asking. */
export async function purge(session: Session, flags: PurgeFlags): Promise<number> {
  const { store, terminal, colors, json } = session;
  const filter = filterOf(flags, Date.now());
  const { byReason, count: letters } = await countLetters(session, filter);
  if (!json) terminal.write(reasonTable(byReason, colors));
  if (letters > 0 && flags.yes !== true && !(await agrees(session, letters))) return ExitCode.incomplete;
  terminal.interrupted.throwIfAborted();
  const purged = letters === 0 ? 0 : await store.purge(filter);
  terminal.write(json ? `${JSON.stringify({ purged })}\n` : `${counted(purged, "letter")} purged.\n`);
  return ExitCode.done;
}

async function agrees({ terminal, store, colors }: Session, letters: number): Promise<boolean> {
  if (!terminal.isInteractive) {
    throw new DlqError("DLQ_INVALID", "Nobody is there to ask: purge needs --yes");
  }
  const question = `Remove ${counted(letters, "letter")} from ${store.path} for good? [y/N] `;
  return /^y(es)?$/i.test((await terminal.ask(colors.bold(question))).trim());
}
