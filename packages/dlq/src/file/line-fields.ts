import type { DeadLetterEnvelope } from "../dead-letter.ts";
import type { Moment } from "./moment.ts";
import type { Route } from "./route.ts";

/** What a line is, as far as its first fields say. */
export const LineKind = { blank: 0, letter: 1, withdrawn: 2, replayed: 3, unreadable: 4 } as const;

/** The first fields of one line, as numbers: no string and no object is made for a letter that is only counted. */
export class LineFields implements Moment {
  /** Where the line stands in its window, its line break left out. */
  start = 0;
  end = 0;
  /** One of {@link LineKind}. */
  kind: number = LineKind.blank;
  /** The id's hash, 32 bits each. */
  hashA = 0;
  hashB = 0;
  /** The year, month and day of `ts` as one number, such as 20261123. */
  tsDate = 0;
  /** The time of day of `ts` in UTC as one number of hours, minutes, seconds and milliseconds. */
  tsTime = 0;
  /** From where to where it went; nothing when `envelope` is there. */
  route: Route | undefined;
  /** Index in `DEAD_LETTER_REASONS`. */
  reason = 0;
  /** Set for a letter that was decoded in full. */
  envelope: DeadLetterEnvelope | undefined;

  /** The version of a letter in 28 bits, made of `ts`. */
  get version(): number {
    return (Math.imul(this.tsDate, 0x9e3779b1) ^ this.tsTime) & 0x0fff_ffff;
  }
}
