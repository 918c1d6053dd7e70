import { parseArgs } from "node:util";
import type { SystemOptions } from "./systems/queue-system.ts";

/** What a process of the campaign is told at its start. */
export interface ProcessArguments extends SystemOptions {
  readonly system: string;
  /** The server as reached through the proxy, or the folder of the journal. */
  readonly url: string;
  readonly ledger: string;
  readonly name: string;
  readonly ratePerSecond: number;
  readonly workMs: number;
}

export function processArguments(): ProcessArguments {
  const text = { type: "string", default: "" } as const;
  const { values } = parseArgs({
    options: {
      system: text,
      url: text,
      ledger: text,
      name: text,
      ratePerSecond: text,
      workMs: text,
      leaseMs: text,
      durability: { type: "string" },
    },
  });
  const { ratePerSecond, workMs, leaseMs, durability, ...rest } = values;
  return {
    ...rest,
    ratePerSecond: Number(ratePerSecond),
    workMs: Number(workMs),
    leaseMs: Number(leaseMs),
    ...(durability !== undefined && { durability }),
  };
}

/** The command line of {@link processArguments}. */
export function commandLine(values: ProcessArguments): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/** Tells the campaign that this process has its queue open. */
export function tellReady(): void {
  process.send?.("ready");
  // The channel is not to keep the process alive, nor to end it when its parent ends.
  process.disconnect?.();
}
