import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

import { open } from "../support/clickhouse.ts";
import { startModern, startOld } from "../support/engines.ts";
import type { Engine } from "../support/engines.ts";
import { Load } from "../support/load.ts";

const QUICK = { requestTimeoutMs: 5_000, backoff: { baseDelayMs: 20, maxDelayMs: 200 } };

/** A disk of 64 MB for the servers' data, or why there is none. */
const disk = mountDisk();
if ("missing" in disk) console.warn(`Skipped with a full disk: ${disk.missing}`);
else process.env["TMPDIR"] = disk.directory;

const old = await startOld();
if ("missing" in old) console.warn(`Skipped on ClickHouse 18.16: ${old.missing}`);
const engines: Engine[] = [await startModern(), ...("missing" in old ? [] : [old])];

afterAll(async () => {
  for (const { service } of engines) await service.stop();
  if ("missing" in disk) return;
  execFileSync("umount", [disk.directory]);
  rmSync(disk.directory, { recursive: true });
});

describe.each(engines)(
  "no row is lost, nor doubled where tokens are known, on ClickHouse $name with",
  (engine) => {
    const nothingLost = { lost: 0, failed: 0, deadLettered: 0, ...(engine.knowsTokens && { doubled: 0 }) };

    it.skipIf("missing" in disk)("a disk that is full for a while", async () => {
      const load = await Load.start(engine, { handlers: 5, adapter: { ...QUICK, random: () => 0.2 } });
      await load.storedMore(20);
      const filler = fillDisk();
      await failedInserts(load, 1);
      rmSync(filler);
      await load.storedMore(20);
      expect(await load.stop()).toMatchObject(nothingLost);
    });

    it("too many parts", async () => {
      const load = await Load.start(
        engine,
        { handlers: 5, adapter: { ...QUICK, random: () => 0.2 } },
        { createTable: false },
      );
      await using direct = await open({ url: engine.service.url });
      const limits = "parts_to_throw_insert = 2, parts_to_delay_insert = 1";
      const create = engine.createEvents(load.table);
      await direct.command(
        create.includes("SETTINGS") ? `${create}, ${limits}` : `${create} SETTINGS ${limits}`,
      );
      const ofTable = engine.name === "26.7" ? load.table : "";
      await direct.command(`SYSTEM STOP MERGES ${ofTable}`);
      await failedInserts(load, 1);
      await direct.command(`SYSTEM START MERGES ${ofTable}`);
      // The server is in no hurry to merge two small parts: it is asked to, until the last row has found its place.
      // Not FINAL: that writes a single part anew each time, 500 of them fill half the disk, and with less than
      // 30 MB free 18.16 merges nothing any more.
      const merge = async (): Promise<void> => direct.command(`OPTIMIZE TABLE ${load.table}`);
      const { stored } = load;
      while (load.stored === stored) await merge();
      const ended = new AbortController();
      const tally = load.stop().finally(() => ended.abort());
      while (!ended.signal.aborted) await merge();
      expect(await tally).toMatchObject(nothingLost);
    });
  },
);

describe.each(engines)("a read-only connection to ClickHouse $name", (engine) => {
  it("holds its rows with an alarm, and dead-letters them when the hold is over", async () => {
    const load = await Load.start(engine, {
      handlers: 5,
      adapter: { ...QUICK, holdForMs: 500, settings: { readonly: 1 } },
    });
    while ((await load.adapter.health()).alarms.length === 0) await turn();
    expect(await load.adapter.health()).toMatchObject({
      status: "fail",
      alarms: [{ code: "CLICKHOUSE_164" }],
    });
    const tally = await load.stop();
    expect(tally).toMatchObject({ lost: 0, failed: 0, doubled: 0 });
    expect(tally.deadLettered).toBe(tally.written);
  });
});

/** Resolves once the server has refused this many more inserts for now. */
async function failedInserts(load: Load, more: number): Promise<void> {
  const { transient } = load.adapter.metrics().insertsFailed;
  while (load.adapter.metrics().insertsFailed.transient < transient + more) await turn();
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

function mountDisk(): { readonly directory: string } | { readonly missing: string } {
  const directory = mkdtempSync(join(tmpdir(), "chimera-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", directory], { stdio: "ignore" });
    return { directory };
  } catch {
    rmSync(directory, { recursive: true });
    return { missing: "this process may not mount a small file system" };
  }
}

/** Writes a file until not a byte more fits. */
function fillDisk(): string {
  const filler = join(tmpdir(), "filler");
  for (const bytes of [1_048_576, 1_024]) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: "a" });
    } catch {
      // No space left on device: what this is for.
    }
  }
  return filler;
}
