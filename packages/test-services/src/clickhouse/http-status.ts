/** Codes of ClickHouse that its HTTP interface answers with something else than 500 (`exceptionCodeToHTTPStatus` in its HTTPHandler). */
const STATUS_BY_CODE: ReadonlyMap<number, number> = new Map(
  Object.entries({
    // Malformed queries and values.
    400: [6, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 72, 130, 131, 168, 349, 386, 427, 441, 467],
    // A password that is wrong, an account that is unknown.
    403: [192, 193, 497, 516],
    // A table, database, setting, function, column, format or type that is unknown.
    404: [46, 47, 50, 56, 60, 63, 73, 81, 115, 336],
    408: [159],
    501: [48],
    503: [76, 439],
  }).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

/** The HTTP status that ClickHouse gives to one of its error codes. */
export function httpStatusOf(code: number): number {
  return STATUS_BY_CODE.get(code) ?? 500;
}
