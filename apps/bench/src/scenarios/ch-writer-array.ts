import { arraySides, insertArray, oneByOne } from "../clickhouse/array-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "ready arrays of 10 000 rows",
  unit: "rows/s",
  better: "higher",
  referenceName: "client.insert of each array, one after the other",
  bar: 1.2,
  n: 400_000,
  quickN: 200_000,
  pairs: 7,
  peers: ["@clickhouse/client"],
  async open(n) {
    return arraySides(
      n,
      (bench, arrays) => async (table) => oneByOne(arrays, async (array) => insertArray(bench, table, array)),
    );
  },
};
