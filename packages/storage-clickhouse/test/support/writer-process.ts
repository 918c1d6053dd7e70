/**
 * A service that writes rows until it is killed: `writer-process.ts <url> <table> <ids as JSON>`. Prints the id of
 * each row once `write` has said that it is stored, as a worker acknowledges its job.
 */

import { ClickHouseAdapter } from "../../src/index.ts";

const [url = "", table = "", ids = "[]"] = process.argv.slice(2);
const adapter = await ClickHouseAdapter.open({ url, deadLetters: null });
if (adapter === null) throw new Error("@clickhouse/client is not installed");
const writer = adapter.writer(table, { maxRows: 100, concurrency: 2 });
await Promise.all(
  (JSON.parse(ids) as number[]).map(async (id) => {
    const result = await writer.write({ id, name: `event ${id}` });
    if (result === "stored") process.stdout.write(`${id}\n`);
  }),
);
await adapter.close();
