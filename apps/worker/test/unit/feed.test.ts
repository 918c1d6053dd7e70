import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readFeed } from "../../src/demo/feed.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-feed-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(content: unknown): string {
  const path = join(directory, "feed.geojson");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const collection = (features: unknown): object => ({ type: "FeatureCollection", features });

describe("readFeed", () => {
  it("reads the week that comes with the demo", async () => {
    const features = await readFeed(
      fileURLToPath(new URL("../../data/earthquakes.geojson", import.meta.url)),
    );
    expect(features).toHaveLength(1_707);
  });

  it("keeps the last of two events with the same id, and all that it does not know", async () => {
    const features = [{ id: "a", n: 1 }, { id: "b" }, { id: "a", n: 2 }];
    expect(await readFeed(file(collection(features)))).toEqual([{ id: "a", n: 2 }, { id: "b" }]);
  });

  it.each([
    ["is not there", "/nowhere/x.geojson", /^\/nowhere\/x\.geojson: cannot be read \(ENOENT\)$/],
    ["is a directory", "/", /^\/: cannot be read \(EISDIR\)$/],
  ])("says in one line that a file %s", async (_what, path, message) => {
    await expect(readFeed(path)).rejects.toThrow(message);
  });

  it.each([
    ["is empty", " \n", /feed\.geojson: is empty, expected a GeoJSON FeatureCollection$/],
    ["is not JSON", "{ nope", /feed\.geojson: is not JSON \(.+\)$/],
    ["is an array", [1], /feed\.geojson: expected a GeoJSON FeatureCollection$/],
    ["is something else", { type: "Feature" }, /feed\.geojson: type: expected "FeatureCollection"$/],
    ["has no list of events", collection("x"), /feed\.geojson: features: expected an array$/],
    ["has no event", collection([]), /feed\.geojson: features: expected at least one event$/],
    ["has an event that is no object", collection([{ id: "a" }, 7]), /features\[1\]: expected an object$/],
    ["has an event without id", collection([{ id: "a" }, {}]), /features\[1\]\.id: expected text$/],
    ["has an odd id", collection([{ id: "a b" }]), /features\[0\]\.id: expected 1 to 128 letters, digits/],
  ])("says in one line that a file %s", async (_what, content, message) => {
    const problem = await readFeed(file(content)).catch((error: Error) => error);
    expect(problem).toMatchObject({ name: "FeedError" });
    expect((problem as Error).message).toMatch(message);
    expect((problem as Error).message).not.toMatch(/\n/);
  });
});
