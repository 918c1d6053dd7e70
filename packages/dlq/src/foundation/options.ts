/** The range of a numeric option, both ends included. */
export interface Range {
  readonly min: number;
  readonly max?: number;
}

/** What is wrong with an option that must be a whole number in a range, or `undefined` when nothing is. */
export function integerIssue(name: string, value: unknown, range: Range): string | undefined {
  return Number.isSafeInteger(value) && inRange(value as number, range)
    ? undefined
    : `Expected \`${name}\` to be an integer ${rangeText(range)}, got ${shown(value)}`;
}

/** What is wrong with an option that must be a finite number in a range, or `undefined` when nothing is. */
export function numberIssue(name: string, value: unknown, range: Range): string | undefined {
  return Number.isFinite(value) && inRange(value as number, range)
    ? undefined
    : `Expected \`${name}\` to be a finite number ${rangeText(range)}, got ${shown(value)}`;
}

/** What is wrong with an option that must be one of a few words, or `undefined` when nothing is. */
export function choiceIssue(name: string, value: unknown, choices: readonly string[]): string | undefined {
  return typeof value === "string" && choices.includes(value)
    ? undefined
    : `Expected \`${name}\` to be one of ${choices.map((choice) => `"${choice}"`).join(", ")}, got ${shown(value)}`;
}

/** The issues that are there, in the order of the checks. */
export function issuesOf(...checks: readonly (string | undefined)[]): string[] {
  return checks.filter((check) => check !== undefined);
}

function inRange(value: number, { min, max = Infinity }: Range): boolean {
  return value >= min && value <= max;
}

function rangeText({ min, max }: Range): string {
  return max === undefined ? `>= ${grouped(min)}` : `from ${grouped(min)} to ${grouped(max)}`;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 20 }).replaceAll(",", "_");
}

/** A value as an error may show it: short, with its type where that is what is wrong. */
function shown(value: unknown): string {
  if (typeof value === "string") return `\`${value.slice(0, 40)}\` (string)`;
  if (typeof value === "number" || typeof value === "bigint") return `\`${value}\``;
  return value === null ? "null" : typeof value;
}
