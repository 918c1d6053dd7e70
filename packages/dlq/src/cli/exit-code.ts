import { CommanderError } from "commander";
import { errorCode } from "../foundation/coded-error.ts";

/** How the command ends. */
export const ExitCode = {
  done: 0,
  /** The store or the target could not be used. */
  failed: 1,
  /** The command line or a setting is wrong. */
  usage: 2,
  /** It ran, and not all is well: letters failed again, lines cannot be read, nothing was found, a person said no. */
  incomplete: 3,
  /** Ctrl-C; a replay goes on when it is run again. */
  interrupted: 130,
} as const;

/** The table of exit codes as `--help` shows it. */
export const EXIT_CODE_HELP = `
Exit codes:
  0    done
  1    the file or the target could not be used
  2    the command line or a setting is wrong
  3    not all is well: letters failed again or were left alone, lines cannot be
       read, no such letter, or you said no
  130  interrupted; run a replay again and it goes on`;

/** The exit code of an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  return errorCode(error) === "DLQ_INVALID" ? ExitCode.usage : ExitCode.failed;
}
