import { createInterface } from "node:readline/promises";
import { createColors } from "picocolors";
import type { Environment } from "../foundation/environment.ts";

/** Everything of the process that the command touches, so that tests can bring their own. */
export interface Terminal {
  /** Where results go. */
  readonly write: (text: string) => void;
  /** Where questions, progress and errors go. */
  readonly note: (text: string) => void;
  /** Asks a question and answers what was typed; only called when `isInteractive`. */
  readonly ask: (question: string) => Promise<string>;
  /** Whether a person is at the other end of standard output. */
  readonly isInteractive: boolean;
  /** Columns of a line. */
  readonly width: number;
  readonly environment: Environment;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Colours for a terminal: none where nobody looks, and none under `NO_COLOR` (https://no-color.org). */
export type Colors = ReturnType<typeof createColors>;

const DEFAULT_WIDTH = 120;

export function colorsFor({ isInteractive, environment }: Terminal): Colors {
  return createColors(isInteractive && (environment["NO_COLOR"] ?? "") === "");
}

/** The terminal of this process. Ctrl-C asks a command to stop, and a replay to end so that it can go on; a second one ends the process. */
export function processTerminal(): Terminal {
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort(new Error("interrupted")));
  // `chimera-dlq ls | head` ends the reader first.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    write: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question, { signal: interrupt.signal });
      } finally {
        lines.close();
      }
    },
    isInteractive: process.stdout.isTTY,
    width: process.stdout.columns ?? DEFAULT_WIDTH,
    environment: process.env,
    interrupted: interrupt.signal,
  };
}
