/**
 * Writes rows through a writer that may hold 8 MiB, and prints the peak memory of this process:
 * `memory-child.ts <url> <table> <rows>`. Says `started` on standard error once rows flow.
 */
import { ClickHouseAdapter } from "@chimera/storage-clickhouse";

const LIMIT = 8_388_608;
const [url = "", table = "", count = "0"] = process.argv.slice(2);
const adapter = await ClickHouseAdapter.open({ url, deadLetters: null, breakerMaxOpenMs: 500 });
if (adapter === null) throw new Error("@clickhouse/client is not installed");
const writer = adapter.writer<object>(table, { maxBytes: LIMIT / 8, maxBufferedBytes: LIMIT });

let peakBuffered = 0;
function* rows(): Generator<object> {
  for (let id = 0; id < Number(count); id++) {
    if (id % 1_000 === 0) peakBuffered = Math.max(peakBuffered, writer.gauges.bufferedBytes);
    yield {
      id,
      place: `${id % 97} km NNE of somewhere`,
      magnitude: (id % 90) / 10,
      at: "2026-11-23 12:00:00.123",
      ok: id % 3 === 0,
    };
  }
}

const { stored } = await writer.writeMany(rows());
await adapter.close();
if (peakBuffered > LIMIT) throw new Error(`Buffered ${peakBuffered} bytes`);
console.log(JSON.stringify({ stored, peakRssMb: process.resourceUsage().maxRSS / 1_024 }));
