/** The properties that have a value: an option that is `undefined` counts as not given. */
export type Defined<Given> = { [Name in keyof Given]: Exclude<Given[Name], undefined> };

/** A copy without the properties that are `undefined`. */
export function defined<Given extends object>(given: Given): Defined<Given> {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<Given>;
}
