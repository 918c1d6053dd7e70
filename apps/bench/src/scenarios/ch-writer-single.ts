import { openBench, quakes, withWriter } from "../clickhouse/quakes-table.ts";
import type { Scenario } from "../scenario.ts";

/** The reference is hundreds of times slower: a run of it is that much shorter. */
const REFERENCE_SHARE = 500;

export const scenario: Scenario = {
  title: "rows written one call each",
  unit: "rows/s",
  better: "higher",
  referenceName: "an insert of the driver per row, one after the other",
  bar: 500,
  n: 200_000,
  quickN: 100_000,
  peers: ["@clickhouse/client"],
  async open(n) {
    const bench = await openBench();
    const rows = quakes(n);
    const few = rows.slice(0, Math.ceil(n / REFERENCE_SHARE));
    return {
      ours: async () =>
        bench.intoNewTable(n, async (table) =>
          withWriter(bench.adapter, table, async (writer) => {
            const writes: Promise<unknown>[] = [];
            for (const row of rows) writes.push(writer.write(row));
            await Promise.all(writes);
          }),
        ),
      reference: async () =>
        bench.intoNewTable(few.length, async (table) => {
          for (const row of few) {
            await bench.client.insert({ table, values: [row], format: "JSONEachRow" });
          }
        }),
      close: async () => bench.close(),
    };
  },
};
