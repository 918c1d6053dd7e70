import { arraySides, encoded, execBytes, fourAtOnce } from "../clickhouse/array-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title:
    "arrays of 10 000 rows, encoding included, against bytes encoded before, four inserts in flight on both sides",
  unit: "rows/s",
  better: "higher",
  referenceName: "pre-encoded bytes through client.exec, four at once",
  bar: 0.7,
  n: 400_000,
  quickN: 200_000,
  pairs: 7,
  peers: ["@clickhouse/client"],
  async open(n) {
    return arraySides(n, (bench, arrays) => {
      const batches = arrays.map(encoded);
      return async (table) => fourAtOnce(batches, async (bytes) => execBytes(bench, table, bytes));
    });
  },
};
