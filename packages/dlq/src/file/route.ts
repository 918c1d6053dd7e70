import { ByteLiteral } from "./byte-literal.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const SOURCE = new ByteLiteral(Buffer.from('","source":"'));
const TARGET = new ByteLiteral(Buffer.from('","target":"'));
const REASON = new ByteLiteral(Buffer.from('","reason":"'));
/** Routes that are looked for before a stretch is read anew: a service has a few queues. */
const MAX_ROUTES = 8;

/** From where to where a letter went: the stretch of its line from the quote after `ts` to the start of its reason. */
export interface Route {
  readonly stretch: ByteLiteral;
  /** The source as JSON text between its quotes. */
  readonly source: string;
}

/** The routes met last. Neighbours share theirs more often than not, so it is compared before it is read. */
export class Routes {
  readonly #known: Route[] = [];
  #last: Route | undefined;
  #oldest = 0;

  /** The route that stands at `at`, in a line that ends at `end`; nothing when none does. */
  at(bytes: Buffer, view: DataView, at: number, end: number): Route | undefined {
    const last = this.#last;
    if (last !== undefined && last.stretch.isAt(view, at, end)) return last;
    this.#last =
      this.#known.find(({ stretch }) => stretch.isAt(view, at, end)) ?? this.#learn(bytes, view, at, end);
    return this.#last;
  }

  #learn(bytes: Buffer, view: DataView, at: number, end: number): Route | undefined {
    if (!SOURCE.isAt(view, at, end)) return undefined;
    const sourceEnd = stringEnd(bytes, at + SOURCE.length, end);
    if (!TARGET.isAt(view, sourceEnd, end)) return undefined;
    const targetEnd = stringEnd(bytes, sourceEnd + TARGET.length, end);
    if (!REASON.isAt(view, targetEnd, end)) return undefined;
    const route = {
      stretch: new ByteLiteral(bytes.subarray(at, targetEnd + REASON.length)),
      source: bytes.toString("utf8", at + SOURCE.length, sourceEnd),
    };
    this.#known[this.#oldest] = route;
    this.#oldest = (this.#oldest + 1) % MAX_ROUTES;
    return route;
  }
}

/** Where the quote stands that ends a string starting at `at`; `end` when none does. */
export function stringEnd(bytes: Buffer, at: number, end: number): number {
  for (let index = at; index < end; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index++;
  }
  return end;
}
