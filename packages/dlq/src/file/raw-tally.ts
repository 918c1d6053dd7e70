import { DEAD_LETTER_REASONS, type DeadLetterState } from "../dead-letter.ts";
import type { ResolvedFilter } from "../filter.ts";
import type { StatsTally } from "../stats-tally.ts";
import type { LineFields } from "./line-fields.ts";
import { isBefore, momentOf, momentText, type Moment } from "./moment.ts";
import type { Route } from "./route.ts";

const FIRST: Moment = { tsDate: 0, tsTime: 0 };
/** Later than any: a whole number, since a field that held Infinity once would be boxed for ever. */
const LAST: Moment = { tsDate: 0x7fff_ffff, tsTime: 0 };

/** Counts letters by the first fields of their lines, so that nothing is made for a letter that is only counted. */
export class RawTally {
  readonly #state: ResolvedFilter["state"];
  readonly #reasons: readonly boolean[];
  readonly #since: Moment;
  readonly #until: Moment;
  #bytes = 0;
  readonly #byReason: number[] = DEAD_LETTER_REASONS.map(() => 0);
  readonly #bySource = new Map<string, { count: number }>();
  /** Letters of one route stand in a row more often than not. */
  #lastRoute: Route | undefined;
  #ofLastRoute = { count: 0 };
  #oldestDate = LAST.tsDate;
  #oldestTime = LAST.tsTime;
  #newestDate = FIRST.tsDate;
  #newestTime = FIRST.tsTime;

  /** Judges by the filter's state, reasons and moments alone. */
  constructor({ state, reasons, since, until }: ResolvedFilter) {
    this.#state = state;
    this.#reasons = DEAD_LETTER_REASONS.map((reason) => reasons?.has(reason) ?? true);
    this.#since = since === undefined ? FIRST : momentOf(since);
    this.#until = until === undefined ? LAST : momentOf(until);
  }

  /** Counts a letter whose line was read and not decoded, when it matches. */
  add(line: LineFields, route: Route, state: DeadLetterState): void {
    const { reason, tsDate, tsTime } = line;
    if (this.#state !== state && this.#state !== "any") return;
    if (this.#reasons[reason] !== true) return;
    if (isBefore(tsDate, tsTime, this.#since.tsDate, this.#since.tsTime)) return;
    if (!isBefore(tsDate, tsTime, this.#until.tsDate, this.#until.tsTime)) return;
    this.#bytes += line.end - line.start + 1;
    this.#byReason[reason] = (this.#byReason[reason] as number) + 1;
    if (route !== this.#lastRoute) this.#take(route);
    this.#ofLastRoute.count++;
    if (isBefore(tsDate, tsTime, this.#oldestDate, this.#oldestTime)) {
      this.#oldestDate = tsDate;
      this.#oldestTime = tsTime;
    }
    if (isBefore(this.#newestDate, this.#newestTime, tsDate, tsTime)) {
      this.#newestDate = tsDate;
      this.#newestTime = tsTime;
    }
  }

  /** Adds what was counted to a tally of letters. */
  addTo(tally: StatsTally): void {
    const count = this.#byReason.reduce((sum, ofReason) => sum + ofReason, 0);
    if (count === 0) return;
    tally.addCounted({
      count,
      bytes: this.#bytes,
      byReason: DEAD_LETTER_REASONS.map((reason, at) => [reason, this.#byReason[at] ?? 0] as const),
      bySource: [...this.#bySource].map(([json, { count: ofSource }]) => [
        JSON.parse(`"${json}"`) as string,
        ofSource,
      ]),
      oldestTs: momentText(this.#oldestDate, this.#oldestTime),
      newestTs: momentText(this.#newestDate, this.#newestTime),
    });
  }

  #take(route: Route): void {
    const known = this.#bySource.get(route.source) ?? { count: 0 };
    this.#bySource.set(route.source, known);
    this.#lastRoute = route;
    this.#ofLastRoute = known;
  }
}
