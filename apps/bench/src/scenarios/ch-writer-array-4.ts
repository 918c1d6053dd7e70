import { arraySides, fourAtOnce, insertArray } from "../clickhouse/array-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "ready arrays of 10 000 rows, four inserts in flight on both sides",
  unit: "rows/s",
  better: "higher",
  referenceName: "client.insert of each array, four at once",
  bar: 0.9,
  n: 400_000,
  quickN: 200_000,
  pairs: 7,
  peers: ["@clickhouse/client"],
  async open(n) {
    return arraySides(
      n,
      (bench, arrays) => async (table) =>
        fourAtOnce(arrays, async (array) => insertArray(bench, table, array)),
    );
  },
};
