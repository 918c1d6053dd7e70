import { ledgerTime } from "../ledger.ts";
import { command } from "../redis-servers.ts";

/** One look at Redis. */
export interface ServerSample {
  readonly at: number;
  readonly usedBytes: number;
  readonly keys: number;
  readonly clients: number;
}

/** Looks at a Redis as often as asked, one look at a time. */
export class ServerSampler implements Disposable {
  readonly samples: ServerSample[] = [];
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  constructor(url: string, everyMs: number) {
    this.#url = url;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const info = String(await command(this.#url, ["INFO"]));
      const keys = Number(await command(this.#url, ["DBSIZE"]));
      const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
      this.samples.push({
        at: ledgerTime(),
        usedBytes: read("used_memory"),
        keys,
        // The one that asks is not of the load.
        clients: read("connected_clients") - 1,
      });
    } catch {
      // A look that failed is missing in the series; a server that is away shows in everything else.
    } finally {
      this.#looking = false;
    }
  }
}
