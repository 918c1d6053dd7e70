import { parseArgs } from "node:util";

/** What a process of the campaign is told at its start. */
export interface ProcessArguments {
  readonly system: string;
  readonly url: string;
  readonly ledger: string;
  readonly name: string;
  readonly ratePerSecond: number;
  readonly workMs: number;
}

export function processArguments(): ProcessArguments {
  const text = { type: "string", default: "" } as const;
  const { values } = parseArgs({
    options: { system: text, url: text, ledger: text, name: text, ratePerSecond: text, workMs: text },
  });
  return { ...values, ratePerSecond: Number(values.ratePerSecond), workMs: Number(values.workMs) };
}

/** The command line of {@link processArguments}. */
export function commandLine(values: ProcessArguments): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
