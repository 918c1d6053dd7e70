const DIGIT = 48;

/** Bytes of a moment as records have it, `2026-11-23T08:30:00.000Z`. */
export const MOMENT_LENGTH = 24;

/** A moment as two numbers that order like its text: 20261123 and 83000000. */
export interface Moment {
  tsDate: number;
  tsTime: number;
}

/** Reads the moment that stands at `at`. Whole numbers of 32 bits throughout: doubles would take twice as long. */
export function readMoment(bytes: Buffer, at: number, into: Moment): void {
  const year = (Math.imul(two(bytes, at), 100) + two(bytes, at + 2)) | 0;
  const month = (Math.imul(year, 100) + two(bytes, at + 5)) | 0;
  into.tsDate = (Math.imul(month, 100) + two(bytes, at + 8)) | 0;
  const minutes = (Math.imul(two(bytes, at + 11), 100) + two(bytes, at + 14)) | 0;
  const seconds = (Math.imul(minutes, 100) + two(bytes, at + 17)) | 0;
  into.tsTime =
    (Math.imul(seconds, 1_000) + Math.imul(two(bytes, at + 20), 10) + (bytes[at + 22] as number) - DIGIT) | 0;
}

/** The moment of a text. */
export function momentOf(ts: string): Moment {
  return {
    tsDate: Number(ts.slice(0, 10).replaceAll("-", "")),
    tsTime: Number(ts.slice(11).replaceAll(/\D/g, "")),
  };
}

/** The text of a moment, given as its two numbers. */
export function momentText(tsDate: number, tsTime: number): string {
  const day = String(tsDate).padStart(8, "0");
  const clock = String(tsTime).padStart(9, "0");
  return [
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T`,
    `${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4, 6)}.${clock.slice(6)}Z`,
  ].join("");
}

/** Whether one moment, as its two numbers, is earlier than another. */
export function isBefore(date: number, time: number, thanDate: number, thanTime: number): boolean {
  return date < thanDate || (date === thanDate && time < thanTime);
}

function two(bytes: Buffer, at: number): number {
  return (Math.imul(bytes[at] as number, 10) + (bytes[at + 1] as number) - DIGIT * 11) | 0;
}
