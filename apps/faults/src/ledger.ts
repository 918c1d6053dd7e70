import { createReadStream, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * What happened, as the processes that did it saw it. One line an event, `kind id time …`:
 *
 * - `try`: a producer is about to enqueue the job.
 * - `ack`: the enqueue resolved; from here on the job must not be lost.
 * - `start`: a handler began, with the worker's name and the delivery's fence.
 * - `effect`: the handler's effect is done, with the same two.
 * - `settled`: the queue accepted the worker's `done` for that delivery.
 * - `letter`: the queue gave the job up and stored a dead letter of it; no handler of a campaign fails by itself.
 * - `stale`: the queue refused a settle, or the worker noticed its lease was lost.
 */
export type LedgerEvent =
  | { readonly kind: "try" | "ack"; readonly id: string; readonly at: number }
  | {
      readonly kind: "start" | "effect" | "settled" | "stale" | "letter";
      readonly id: string;
      readonly at: number;
      readonly worker: string;
      readonly fence: number;
    };

/**
 * Milliseconds since the epoch that no patched `Date` changes: the nemesis moves the clocks of workers, never of
 * the ledger.
 */
export function ledgerTime(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

/**
 * A ledger of one process. Each call is one `write` on an O_APPEND descriptor and returns after the kernel has it, so
 * a SIGKILL of the process on the next line loses nothing.
 */
export class LedgerWriter {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, "a", 0o600);
  }

  write(events: readonly LedgerEvent[]): void {
    if (events.length > 0) writeSync(this.#descriptor, events.map(line).join(""));
  }
}

/** As it stands in the file. */
export function line(event: LedgerEvent): string {
  const head = `${event.kind} ${event.id} ${event.at}`;
  return "worker" in event ? `${head} ${event.worker} ${event.fence}\n` : `${head}\n`;
}

/** The events of ledger files, in the order of each file. A torn last line, of a process killed in mid-write, is passed over. */
export async function* readLedgers(paths: readonly string[]): AsyncGenerator<LedgerEvent> {
  for (const path of paths) {
    for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const event = parsed(text);
      if (event !== undefined) yield event;
    }
  }
}

function parsed(text: string): LedgerEvent | undefined {
  const [kind, id, at, worker, fence] = text.split(" ");
  if (id === undefined || at === undefined || !/^\d+$/.test(at)) return undefined;
  switch (kind) {
    case "try":
    case "ack":
      return { kind, id, at: Number(at) };
    case "start":
    case "effect":
    case "settled":
    case "stale":
    case "letter":
      if (worker === undefined || fence === undefined) return undefined;
      return { kind, id, at: Number(at), worker, fence: Number(fence) };
    case undefined:
    default:
      return undefined;
  }
}
