import type { Command } from "commander";
import type { DeadLetterFilter, DeadLetterStats } from "../dead-letter-store.ts";
import { DlqError } from "../errors.ts";
import { FileDeadLetterStore } from "../file/file-store.ts";
import { silentLogger, type Logger } from "../foundation/logger.ts";
import { lookUp, openSnapshot, rotatedSegments } from "../file/segments.ts";
import { tallyLog } from "../file/tally-log.ts";
import { colorsFor, type Colors, type Terminal } from "./terminal.ts";

/** What every command works with. */
export interface Session {
  readonly terminal: Terminal;
  readonly colors: Colors;
  readonly store: FileDeadLetterStore;
  /** Results as JSON instead of tables. */
  readonly json: boolean;
}

/** Counts letters like the store, until Ctrl-C. */
export async function countLetters(
  { store, terminal }: Session,
  filter: DeadLetterFilter,
): Promise<DeadLetterStats> {
  await using snapshot = await openSnapshot(store.path);
  return await tallyLog(snapshot, filter, terminal.interrupted);
}

/** A command's work: the exit code it ends with. */
export type Work<Flags> = (session: Session, flags: Flags, args: readonly string[]) => Promise<number>;

/** Options that every command has. */
export interface CommonFlags {
  readonly file?: string;
  readonly json?: boolean;
}

/**
 * Makes a commander action of a command's work: opens the store, runs it, closes the store, notes the exit code.
 * A file that is not there is an error: an empty list for a misspelt path would comfort wrongly.
 */
export function actionOf<Flags extends CommonFlags>(
  terminal: Terminal,
  work: Work<Flags>,
  finish: (exitCode: number) => void,
): (this: Command) => Promise<void> {
  return async function action() {
    const flags = this.optsWithGlobals<Flags>();
    const warnings = new Set<string>();
    const logger: Logger = {
      ...silentLogger,
      warn: (event, fields) => void warnings.add(`warning ${event} ${JSON.stringify(fields)}\n`),
    };
    const path = flags.file === undefined ? {} : { path: flags.file };
    await using store = FileDeadLetterStore.fromEnv(terminal.environment, { logger, ...path });
    if ((await lookUp(store.path)) === undefined && (await rotatedSegments(store.path)).length === 0) {
      throw new DlqError(
        "DLQ_INVALID",
        `There is no ${store.path}: the first dead letter makes it. One that is elsewhere is named with --file or CHIMERA_DLQ_PATH`,
      );
    }
    const session = { terminal, colors: colorsFor(terminal), store, json: flags.json ?? false };
    try {
      finish(await work(session, flags, this.args));
    } finally {
      // Not before: they would stand in the middle of a progress bar.
      for (const warning of warnings) terminal.note(warning);
    }
  };
}
