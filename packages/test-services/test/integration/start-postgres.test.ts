import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";

import { directoryForServers, startPostgres } from "../../src/index.ts";
import type { PostgresOptions, TestService } from "../../src/index.ts";

const services: TestService[] = [];

async function postgres(options?: PostgresOptions): Promise<TestService> {
  const service = await startPostgres(options);
  services.push(service);
  return service;
}

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: found } = await client.query<Record<string, unknown>>(sql);
    return found;
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  await Promise.all(services.splice(0).map(async (service) => service.stop()));
});

describe("startPostgres", () => {
  it("answers on its URL, with its password", async () => {
    const { url } = await postgres();
    expect(await rows(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const wrong = url.replace(/:[^:@]+@/, ":wrong@");
    await expect(rows(wrong, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  });

  it("keeps what was committed over kill9 and restart, on the same URL", async () => {
    const service = await postgres();
    const { url, pid } = service;
    await rows(url, "CREATE TABLE quakes AS SELECT generate_series(1, 1000) AS id");
    await service.kill9();
    await expect(rows(url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await service.restart();
    expect(service.url).toBe(url);
    expect(service.pid).not.toBe(pid);
    expect(await rows(url, "SELECT count(*)::int FROM quakes")).toEqual([{ count: 1000 }]);
  });

  it("restarts after kill9 even while a backend was busy", async () => {
    const service = await postgres();
    const busy = new pg.Client({ connectionString: service.url });
    busy.on("error", () => {});
    await busy.connect();
    const lost = busy
      .query("SELECT count(*) FROM generate_series(1, 1000000000)")
      .catch((error: Error) => error);
    await service.kill9();
    expect(await lost).toBeInstanceOf(Error);
    await service.restart();
    expect(await rows(service.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("takes settings", async () => {
    const { url } = await postgres({ config: ["max_connections=17"] });
    expect(await rows(url, "SHOW max_connections")).toEqual([{ max_connections: "17" }]);
  });

  it("finds its rows again in a data directory that outlives it", async () => {
    // Open to this account alone, as a clone in a home directory is.
    const preferred = mkdtempSync(join(tmpdir(), "chimera-outlives-"));
    const parent = directoryForServers(preferred);
    expect(directoryForServers(preferred)).toBe(parent);
    const dataDirectory = join(parent, "data");
    try {
      const first = await postgres({ dataDirectory });
      await rows(first.url, "CREATE TABLE quakes AS SELECT 1 AS id");
      await first.stop();
      const second = await postgres({ dataDirectory });
      expect(await rows(second.url, "SELECT id FROM quakes")).toEqual([{ id: 1 }]);
      await second.stop();
      const fresh = await postgres({ dataDirectory, fresh: true });
      await expect(rows(fresh.url, "SELECT id FROM quakes")).rejects.toMatchObject({ code: "42P01" });
      await fresh.stop();
    } finally {
      for (const directory of [parent, preferred]) rmSync(directory, { recursive: true, force: true });
    }
  });

  it("says why a server did not start", async () => {
    await expect(postgres({ config: ["no_such_setting=1"] })).rejects.toThrow(/no_such_setting/);
  });

  it("gives servers of their own to those who start at once", async () => {
    const both = await Promise.all([postgres(), postgres()]);
    expect(new Set(both.map(({ url }) => url)).size).toBe(2);
  });
});
