/** Rows as the bulk scenarios store them: five columns, one of them JSON. */
export interface BulkSampleRow extends Record<string, unknown> {
  readonly id: number;
  readonly place: string;
  readonly magnitude: number;
  readonly at: string;
  readonly detail: { readonly felt: number; readonly tags: readonly string[] };
}

export const BULK_TABLE =
  "create unlogged table quakes (id int not null, place text, magnitude float8, at timestamptz, detail jsonb)";

export const BULK_COLUMNS = ["id", "place", "magnitude", "at", "detail"] as const;

export function bulkRows(n: number): BulkSampleRow[] {
  const start = Date.UTC(2026, 10, 23);
  return Array.from({ length: n }, (_row, id) => ({
    id,
    place: `${id % 97} km NE of Somewhere, "The Place" ${id}`,
    magnitude: (id % 80) / 10,
    at: new Date(start + id * 1_000).toISOString(),
    detail: { felt: id % 50, tags: ["automatic", `net-${id % 7}`] },
  }));
}
