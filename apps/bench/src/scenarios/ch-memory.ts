import { setTimeout as delay } from "node:timers/promises";
import { runInChild } from "../child.ts";
import { openBench } from "../clickhouse/quakes-table.ts";
import type { Scenario } from "../scenario.ts";

/** How long the server is gone while the writer runs. */
const OUTAGE_MS = 5_000;

export const scenario: Scenario = {
  title:
    "peak memory of a process that writes 10 million rows through 8 MiB, the server being killed meanwhile",
  unit: "MB",
  better: "lower",
  referenceName: "the limit of 260 MB",
  bar: 1,
  n: 10_000_000,
  quickN: 1_000_000,
  pairs: 1,
  warmups: 0,
  peers: ["@clickhouse/client"],
  async open(n) {
    const bench = await openBench();
    const child = new URL("../clickhouse/memory-child.ts", import.meta.url);
    return {
      async ours() {
        let peakRssMb = 0;
        await bench.intoNewTable(n, async (table) => {
          const run = runInChild<{ stored: number; peakRssMb: number }>(child, [bench.url, table, String(n)]);
          await rowsIn(bench, table, n / 10);
          await bench.service.kill9();
          await delay(OUTAGE_MS);
          await bench.service.restart();
          const answer = await run;
          if (answer.stored !== n) throw new Error(`Expected ${n} rows stored, got ${answer.stored}`);
          ({ peakRssMb } = answer);
        });
        return { value: peakRssMb, peakRssMb };
      },
      reference: async () => 260,
      close: async () => bench.close(),
    };
  },
};

/** Resolves once a tenth is stored, so that the outage meets a writer in full flow. */
async function rowsIn(
  bench: Awaited<ReturnType<typeof openBench>>,
  table: string,
  rows: number,
): Promise<void> {
  for (;;) {
    const [count] = await bench.adapter.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`);
    if (Number(count?.rows) >= rows) return;
    await delay(50);
  }
}
