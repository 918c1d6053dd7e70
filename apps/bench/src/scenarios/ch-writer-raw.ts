import { Readable } from "node:stream";
import { arraysOf, fourAtOnce, openBench, quakes, withWriter } from "../clickhouse/quakes-table.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  title: "arrays of 10 000 rows, encoding included, against bytes that were encoded before",
  unit: "rows/s",
  better: "higher",
  referenceName: "pre-encoded bytes through client.exec, four at once",
  bar: 0.9,
  n: 400_000,
  quickN: 200_000,
  pairs: 7,
  peers: ["@clickhouse/client"],
  async open(n) {
    const bench = await openBench();
    const arrays = arraysOf(quakes(n));
    const encoded = arrays.map((rows) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));
    return {
      ours: async () =>
        bench.intoNewTable(n, async (table) =>
          withWriter(bench.adapter, table, async (writer) => {
            await Promise.all(arrays.map(async (array) => writer.writeMany(array)));
          }),
        ),
      reference: async () =>
        bench.intoNewTable(n, async (table) =>
          fourAtOnce(encoded, async (bytes) => {
            const { stream } = await bench.client.exec({
              query: `INSERT INTO ${table} FORMAT JSONEachRow`,
              values: Readable.from([bytes], { objectMode: false }),
            });
            for await (const _ of stream) continue;
          }),
        ),
      close: async () => bench.close(),
    };
  },
};
