import { Presets, SingleBar } from "cli-progress";

/** Where output goes, and what it is. */
export interface Output {
  readonly isTTY: boolean;
  write(text: string): void;
}

/** Shows how far a step has come: a bar on a terminal, a plain line at each quarter elsewhere. */
export interface Progress {
  /** `done` never goes back. */
  update(done: number): void;
  /** Ends the line; nothing may be shown after it. */
  stop(): void;
}

const QUARTERS = 4;
const LABEL_WIDTH = 10;

/** @param label - a word for the step, at most 10 characters */
export function startProgress(output: Output, label: string, total: number): Progress {
  return output.isTTY ? bar(label, total) : lines(output, label, total);
}

function bar(label: string, total: number): Progress {
  const shown = new SingleBar(
    {
      format: `  ${label.padEnd(LABEL_WIDTH)} {bar} {value}/{total}  {duration_formatted}`,
      barsize: 32,
      hideCursor: true,
      stream: process.stdout,
    },
    Presets.shades_classic,
  );
  shown.start(total, 0);
  return {
    update(done) {
      // A bar that has stopped would draw itself once more over what came after it.
      if (shown.isActive) shown.update(done);
    },
    stop: () => shown.stop(),
  };
}

function lines(output: Output, label: string, total: number): Progress {
  let quartersShown = 0;
  return {
    update(done) {
      const quarters = Math.floor((done * QUARTERS) / Math.max(1, total));
      if (quarters <= quartersShown) return;
      quartersShown = quarters;
      output.write(`  ${label.padEnd(LABEL_WIDTH)} ${done} of ${total}\n`);
    },
    stop() {},
  };
}
