import { parseArgs } from "node:util";

/** What a process of a soak is told at its start. */
export interface SoakArguments {
  readonly name: string;
  readonly url: string;
  readonly ledger: string;
  /** Where it writes what it weighs. */
  readonly samples: string;
  readonly sampleEveryMs: number;
  readonly ratePerSecond: number;
  readonly workMs: number;
  readonly keepLettersMs: number;
}

export function soakArguments(): SoakArguments {
  const text = { type: "string", default: "" } as const;
  const { values } = parseArgs({
    options: {
      name: text,
      url: text,
      ledger: text,
      samples: text,
      sampleEveryMs: text,
      ratePerSecond: text,
      workMs: text,
      keepLettersMs: text,
    },
  });
  return {
    ...values,
    sampleEveryMs: Number(values.sampleEveryMs),
    ratePerSecond: Number(values.ratePerSecond),
    workMs: Number(values.workMs),
    keepLettersMs: Number(values.keepLettersMs),
  };
}

/** The command line of {@link soakArguments}. */
export function soakCommandLine(values: SoakArguments): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
