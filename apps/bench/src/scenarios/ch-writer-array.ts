import { arraysOf, openBench, quakes, withWriter } from "../clickhouse/quakes-table.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "ready arrays of 10 000 rows",
  unit: "rows/s",
  better: "higher",
  referenceName: "client.insert of each array",
  bar: 1.2,
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
        bench.intoNewTable(n, async (table) => {
          for (const values of arrays) await bench.client.insert({ table, values, format: "JSONEachRow" });
        }),
      close: async () => bench.close(),
    };
  },
};
