import { appendFileSync, readFileSync } from "node:fs";
import { ledgerTime } from "../ledger.ts";

/** One look at a process, after a forced collection. */
export interface ProcessSample {
  readonly at: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Sockets, pipes, watchers: what is open, timers and requests under way aside. */
  readonly handles: number;
}

/** How a process ended. */
export interface ProcessEnd {
  /** When queue and worker were closed. */
  readonly closedAt?: number;
  /** When it ended, by itself. */
  readonly endedAt?: number;
  /** What still held it two seconds after everything was closed; nothing where it had ended by then. */
  readonly left: readonly string[];
}

/** What comes and goes with each job or tick, and says nothing of what is left open. */
const PASSING = new Set(["Timeout", "Immediate", "FSReqPromise", "FSReqCallback"]);
const LINGER_MS = 2_000;

/** Writes what this process weighs to `path`, a line of JSON each time, until its end; needs `--expose-gc`. */
export class MemorySampler {
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string, everyMs: number) {
    if (globalThis.gc === undefined) throw new Error("a soak's processes need --expose-gc");
    this.#path = path;
    // Does not hold the process: whether anything else does is what the soak asks.
    this.#timer = setInterval(() => this.#sample(), everyMs).unref();
  }

  /** Call when everything is closed: nothing may hold the process any more. */
  closed(): void {
    clearInterval(this.#timer);
    this.#write({ closedAt: ledgerTime() });
    setTimeout(() => this.#write({ left: process.getActiveResourcesInfo() }), LINGER_MS).unref();
    process.once("exit", () => this.#write({ endedAt: ledgerTime() }));
  }

  #sample(): void {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const handles = process.getActiveResourcesInfo().filter((name) => !PASSING.has(name)).length;
    this.#write({ at: ledgerTime(), heapBytes: heapUsed, rssBytes: rss, handles } satisfies ProcessSample);
  }

  #write(value: object): void {
    appendFileSync(this.#path, `${JSON.stringify(value)}\n`);
  }
}

/** What a process wrote. */
export function readSamples(path: string): { readonly samples: ProcessSample[]; readonly end: ProcessEnd } {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  const written = lines.map((text) => JSON.parse(text) as ProcessSample | Partial<ProcessEnd>);
  const ends = written.filter((value) => !("at" in value));
  return {
    samples: written.filter((value): value is ProcessSample => "at" in value),
    end: Object.assign({ left: [] }, ...ends) as ProcessEnd,
  };
}
