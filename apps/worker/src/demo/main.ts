import { isatty } from "node:tty";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Command, CommanderError } from "commander";

import { SettingsError } from "../settings-check.ts";
import { DemoDirectory } from "./demo-directory.ts";
import { runDemo } from "./demo.ts";
import { FeedError, readFeed } from "./feed.ts";

const WEEK = fileURLToPath(new URL("../../data/earthquakes.geojson", import.meta.url));
/** Where the person is who typed the command; package managers move elsewhere before they run it. */
const CALLED_FROM = process.env["INIT_CWD"] ?? process.cwd();

/** Why the demo ended, for a shell. */
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

interface Flags {
  readonly file: string;
  readonly keep: boolean;
  readonly directory?: string;
}

function readFlags(argv: readonly string[]): Flags {
  return new Command("demo")
    .description("Sends a week of earthquakes through a queue into Postgres and ClickHouse.")
    .option("--file <path>", "a GeoJSON file in the form of the USGS feed, or - for standard input", WEEK)
    .option("--keep", "keep what an earlier run stored; nothing is stored twice", false)
    .option(
      "--directory <path>",
      "where the embedded parts keep their data (default: .demo beside the sources)",
    )
    .allowExcessArguments(false)
    .exitOverride()
    .parse(argv)
    .opts<Flags>();
}

async function main(): Promise<number> {
  const { file, keep, directory } = readFlags(process.argv);
  const features = await readFeed(file === "-" ? file : resolve(CALLED_FROM, file));
  using held = DemoDirectory.open(directory === undefined ? undefined : resolve(CALLED_FROM, directory));
  const stop = new AbortController();
  let code: number = EXIT.ok;
  const onSignal = (signal: NodeJS.Signals): void => {
    // A second one ends at once; the embedded servers notice by themselves.
    if (stop.signal.aborted) process.exit(code);
    code = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
    process.stderr.write(`\n${signal}: finishing what is under way, once more to end at once\n`);
    stop.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    await runDemo({
      features,
      environment: process.env,
      directory: held,
      keep,
      output: { isTTY: isatty(1), write: (text) => void process.stdout.write(text) },
      signal: stop.signal,
    });
    return code;
  } catch (error) {
    if (stop.signal.aborted) return code;
    throw error;
  }
}

/** A person's mistake is told in plain lines; anything else with its stack. */
function explainFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof FeedError || error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  console.error(error);
  return EXIT.failed;
}

process.exitCode = await main().catch(explainFailure);
