import { Command, InvalidArgumentError } from "commander";
import { errorMessage } from "../foundation/coded-error.ts";
import { redactText } from "../foundation/redact.ts";
import { EXIT_CODE_HELP, ExitCode, exitCodeOf } from "./exit-code.ts";
import { addFilterOptions } from "./filter-options.ts";
import { list } from "./list-command.ts";
import { purge } from "./purge-command.ts";
import { replayLetters } from "./replay-command.ts";
import { actionOf, type CommonFlags, type Work } from "./session.ts";
import { show } from "./show-command.ts";
import { stats } from "./stats-command.ts";
import { colorsFor, type Terminal } from "./terminal.ts";
import { verify } from "./verify-command.ts";

const REPLAY_HELP = `
The module exports \`target\`, or as its default: a ReplayTarget, or a function that makes one.

  export const target = {
    name: "queue:quakes",
    async take(items) {
      return Promise.all(items.map(async ({ letter, replayId }) => {
        const isNew = await enqueue(JSON.parse(letter.payload), { id: replayId });
        return isNew ? "taken" : "duplicate";
      }));
    },
  };

Only what was taken, or known already, is marked as replayed. Interrupted or killed, the same command goes on.`;

/** Runs the command with its arguments, the program's name left out, and answers the exit code. Never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = ExitCode.done;
  try {
    await program(terminal, (code) => (exitCode = code)).parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const code = exitCodeOf(error);
    // Commander has said what was wrong by itself.
    if (!isCommanders(error)) {
      terminal.note(`${colorsFor(terminal).red("error")} ${redactText(errorMessage(error))}\n`);
    }
    return terminal.interrupted.aborted ? ExitCode.interrupted : code;
  }
}

function program(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const root = new Command("chimera-dlq")
    .description(
      "Looks after the dead letters in a dlq.jsonl: lists, counts, replays, purges and verifies them.",
    )
    .option("-f, --file <path>", "the file of dead letters; CHIMERA_DLQ_PATH, or else dlq.jsonl")
    .option("--json", "for machines: letters as lines of the file, everything else as one JSON object")
    .addHelpText("after", EXIT_CODE_HELP)
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.note });
  const add = <Flags extends CommonFlags>(name: string, description: string, work: Work<Flags>): Command =>
    root
      .command(name)
      .description(description)
      .action(actionOf(terminal, work, finish));

  addFilterOptions(add("ls", "list letters, oldest first", list)).option(
    "-n, --limit <count>",
    "at most so many, 0 for all",
    integer(0),
    50,
  );
  add("show", "show one letter with its payload", show).argument("<id>");
  addFilterOptions(add("stats", "count letters by reason and source", stats));
  addFilterOptions(add("replay", "send letters back to where they were meant to go", replayLetters))
    .option("--to <module>", "the JavaScript module that takes them")
    .option("--dry-run", "only show how many there are, by reason")
    .option("--rate <count>", "letters a second at most", integer(1))
    .option("--concurrency <count>", "batches at the same time", integer(1), 4)
    .option("--batch <count>", "letters of one batch", integer(1), 100)
    .option("--max-replays <count>", "leave alone what was replayed this often", integer(1))
    .addHelpText("after", REPLAY_HELP)
    .hook("preAction", (_, command) => {
      const { to, dryRun } = command.opts<{ to?: string; dryRun?: boolean }>();
      if (to === undefined && dryRun !== true)
        command.error("error: replay needs --to <module>, or --dry-run");
    });
  addFilterOptions(add("purge", "remove letters for good", purge)).option("-y, --yes", "do not ask");
  add("verify", "read every line in full and name those that cannot be read", verify);
  return root;
}

function isCommanders(error: unknown): boolean {
  return error instanceof Error && "exitCode" in error;
}

function integer(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min) throw new InvalidArgumentError(`Expected an integer >= ${min}.`);
    return value;
  };
}
