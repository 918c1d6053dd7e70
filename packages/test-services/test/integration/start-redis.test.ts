import { createClient } from "redis";
import { afterEach, describe, expect, it } from "vitest";

import { startRedis } from "../../src/index.ts";
import type { RedisOptions, TestService } from "../../src/index.ts";

const services: TestService[] = [];

async function redis(options?: RedisOptions): Promise<TestService> {
  const service = await startRedis(options);
  services.push(service);
  return service;
}

async function ask(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

afterEach(async () => {
  await Promise.all(services.splice(0).map(async (service) => service.stop()));
});

describe("startRedis", () => {
  it("answers on its URL", async () => {
    const { url } = await redis();
    expect(await ask(url, "PING")).toBe("PONG");
  });

  it("keeps what an append-only file keeps over kill9 and restart, on the same URL", async () => {
    const service = await redis({ config: ["appendonly yes", "appendfsync always"] });
    const { url } = service;
    await ask(url, "SET", "quake", "7.1");
    await service.kill9();
    await expect(ask(url, "PING")).rejects.toThrow(/ECONNREFUSED/);
    await service.restart();
    expect(service.url).toBe(url);
    expect(await ask(url, "GET", "quake")).toBe("7.1");
  });

  it("takes extra lines of configuration", async () => {
    const { url } = await redis({ config: ["maxmemory 10mb", "maxmemory-policy noeviction"] });
    expect(await ask(url, "CONFIG", "GET", "maxmemory")).toMatchObject({ maxmemory: "10485760" });
  });

  it("says why a server did not start", async () => {
    await expect(redis({ config: ["no-such-directive 1"] })).rejects.toThrow(/no-such-directive/);
  });

  it("gives servers of their own to those who start at once", async () => {
    const both = await Promise.all([redis(), redis(), redis()]);
    expect(new Set(both.map(({ url }) => url)).size).toBe(3);
  });
});
