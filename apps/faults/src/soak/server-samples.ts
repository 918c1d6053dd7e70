import { createClient } from "redis";
import { ledgerTime } from "../ledger.ts";

/** One look at Redis. */
export interface ServerSample {
  readonly at: number;
  readonly usedBytes: number;
  readonly keys: number;
  readonly clients: number;
}

/** Looks at a Redis as often as asked, one look at a time, over a connection of its own. */
export class ServerSampler implements Disposable {
  readonly samples: ServerSample[] = [];
  readonly #ask: () => Promise<[info: string, keys: number]>;
  readonly #end: () => void;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  private constructor(ask: () => Promise<[info: string, keys: number]>, end: () => void, everyMs: number) {
    this.#ask = ask;
    this.#end = end;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  static async start(url: string, everyMs: number): Promise<ServerSampler> {
    const client = createClient({ url });
    client.on("error", () => {
      // A look that fails is missing in the series; a server that is away shows in everything else.
    });
    await client.connect();
    const ask = async (): Promise<[string, number]> => Promise.all([client.info(), client.dbSize()]);
    return new ServerSampler(ask, () => client.destroy(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#end();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const [info, keys] = await this.#ask();
      const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
      this.samples.push({
        at: ledgerTime(),
        usedBytes: read("used_memory"),
        keys,
        // The one that asks is not of the load.
        clients: read("connected_clients") - 1,
      });
    } catch {
      // As above.
    } finally {
      this.#looking = false;
    }
  }
}
