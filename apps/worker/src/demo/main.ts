import { isatty } from "node:tty";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Command, CommanderError, Option } from "commander";

import { SettingsError } from "../settings-check.ts";
import { DemoDirectory } from "./demo-directory.ts";
import { runDemo } from "./demo.ts";
import { FeedError, readFeed } from "./feed.ts";
import { parseDuration, parseRate } from "./load-flags.ts";
import { runLoad } from "./load.ts";

const WEEK = fileURLToPath(new URL("../../data/earthquakes.geojson", import.meta.url));
/** Where the person is who typed the command; package managers move elsewhere before they run it. */
const CALLED_FROM = process.env["INIT_CWD"] ?? process.cwd();

/** Why the demo ended, for a shell. */
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

interface Flags {
  readonly file: string;
  readonly keep: boolean;
  readonly stay: boolean;
  readonly directory?: string;
  /** Events a second: a load instead of the demo's own steps. */
  readonly rate?: number;
  /** Milliseconds. */
  readonly for?: number;
}

const DEFAULT_LOAD_MS = 30_000;

function readFlags(argv: readonly string[]): Flags {
  const command = new Command("demo")
    .description("Sends a week of earthquakes through a queue into Postgres and ClickHouse.")
    .option("--file <path>", "a GeoJSON file in the form of the USGS feed, or - for standard input", WEEK)
    .option("--keep", "keep what an earlier run stored; nothing is stored twice", false)
    .option("--stay", "go on with the cockpit until ctrl-C", false)
    .option(
      "--directory <path>",
      "where the embedded parts keep their data (default: .demo beside the sources)",
    )
    .addOption(
      new Option("--rate <events>", "instead, offer this many events a second and show the backpressure")
        .argParser(parseRate)
        .conflicts(["keep", "stay"]),
    )
    .addOption(new Option("--for <time>", "how long, such as 30s, with --rate").argParser(parseDuration))
    .allowExcessArguments(false)
    .exitOverride()
    .parse(argv);
  const flags = command.opts<Flags>();
  if (flags.for !== undefined && flags.rate === undefined) {
    command.error("error: option '--for <time>' needs --rate <events>");
  }
  return flags;
}

async function main(): Promise<number> {
  const { file, keep, stay, directory, rate, for: forMs = DEFAULT_LOAD_MS } = readFlags(process.argv);
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
    const options = {
      features,
      environment: process.env,
      directory: held,
      output: { isTTY: isatty(1), write: (text: string) => void process.stdout.write(text) },
      signal: stop.signal,
    };
    if (rate === undefined) await runDemo({ ...options, keep, stay });
    else await runLoad({ ...options, ratePerSecond: rate, forMs });
    // Whoever asked it to stay has no other way to end it.
    return stay ? EXIT.ok : code;
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
