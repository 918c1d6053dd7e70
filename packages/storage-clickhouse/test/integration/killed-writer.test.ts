import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

import { countOf, freshTable, open } from "../support/clickhouse.ts";
import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const PROGRAM = fileURLToPath(new URL("../support/writer-process.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const ROWS = 4_000;
const KILLS = 3;
/** Of the writer process: rows a batch, and batches in flight. */
const MOST_IN_FLIGHT = 100 * 2;

/** Runs a writer over the ids; kills it once `killAfter` are acknowledged. Answers the acknowledged ones. */
async function write(
  url: string,
  table: string,
  ids: readonly number[],
  killAfter: number,
): Promise<number[]> {
  const args = ["--conditions=@chimera/source", "--import", TSX, PROGRAM, url, table, JSON.stringify(ids)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  return printed
    .slice(0, printed.lastIndexOf("\n") + 1)
    .trimEnd()
    .split("\n")
    .filter(Boolean)
    .map(Number);
}

it("a writer killed again and again loses nothing, doubles at most what was in flight, and nothing after FINAL", async () => {
  await using adapter = await open({ url: server.url });
  const table = freshTable();
  await adapter.command(
    `CREATE TABLE ${table} (id UInt64, name String, ts DateTime64(6) DEFAULT now64(6))
     ENGINE = ReplacingMergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
  );
  await adapter.command(`SYSTEM STOP MERGES ${table}`);
  const acknowledged = new Set<number>();
  for (let run = 0; run <= KILLS; run++) {
    const unacknowledged = Array.from({ length: ROWS }, (_, id) => id).filter((id) => !acknowledged.has(id));
    const killAfter = run < KILLS ? 500 : Number.POSITIVE_INFINITY;
    for (const id of await write(server.url, table, unacknowledged, killAfter)) acknowledged.add(id);
  }
  expect(acknowledged.size).toBe(ROWS);
  const { rows, ids } = await countOf(adapter, table);
  expect(ids).toBe(ROWS);
  console.info(`Doubled by ${KILLS} killed writers: ${rows - ids} rows`);
  expect(rows - ids).toBeLessThanOrEqual(KILLS * MOST_IN_FLIGHT);
  const [final] = await adapter.query<{ rows: string }>(`SELECT count() AS rows FROM ${table} FINAL`);
  expect(Number(final?.rows)).toBe(ROWS);
}, 60_000);
