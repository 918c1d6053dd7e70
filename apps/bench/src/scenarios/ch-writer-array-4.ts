import { arraysOf, fourAtOnce, openBench, quakes, withWriter } from "../clickhouse/quakes-table.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "ready arrays of 10 000 rows, four inserts in flight on both sides",
  unit: "rows/s",
  better: "higher",
  referenceName: "client.insert of each array, four at once",
  bar: 1,
  n: 400_000,
  quickN: 200_000,
  pairs: 7,
  peers: ["@clickhouse/client"],
  async open(n) {
    const bench = await openBench();
    const arrays = arraysOf(quakes(n));
    return {
      ours: async () =>
        bench.intoNewTable(n, async (table) =>
          withWriter(bench.adapter, table, async (writer) => {
            await Promise.all(arrays.map(async (array) => writer.writeMany(array)));
          }),
        ),
      reference: async () =>
        bench.intoNewTable(n, async (table) =>
          fourAtOnce(arrays, async (values) => {
            await bench.client.insert({ table, values, format: "JSONEachRow" });
          }),
        ),
      close: async () => bench.close(),
    };
  },
};
