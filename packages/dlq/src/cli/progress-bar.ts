import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** Shows how far long work is. */
export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar on standard error where a person looks, and nothing elsewhere. */
export function progressBar({ isInteractive }: Terminal, total: number, unit: string): Progress {
  if (!isInteractive || total === 0) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar(
    { format: `{bar} {percentage}%  {value}/{total} ${unit}  {eta_formatted} left`, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(Math.min(done, total)), stop: () => bar.stop() };
}
