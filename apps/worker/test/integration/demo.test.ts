import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { DemoPlace } from "../support/demo-process.ts";

const WHOLE = "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707";

let place: DemoPlace;
beforeEach(() => {
  place = new DemoPlace();
});
afterEach(() => {
  place[Symbol.dispose]();
});

describe("the demo on embedded parts", () => {
  it("brings every event home, and shows how", async () => {
    const { code, out, err, lastLine } = await place.run([]);
    expect({ code, err, lastLine }).toEqual({ code: 0, err: "", lastLine: WHOLE });
    expect(out).toContain("22km NNE of Hualian, Taiwan");
    expect(out).toMatch(/2018-02-04 +299/);
    expect(out).toContain("1664 rows");
    expect(out).toMatch(/latency of a job p50 [\d.]+ ms/);
    expect(out).toMatch(
      /unrecoverable +43 +geometry\.coordinates\.2: depth below the ground is not negative/,
    );
    expect(out).toContain("43 of 43 dead letters went back");
  });

  it("starts clean, or keeps what is there and stores nothing twice", async () => {
    const [first, again, kept] = [await place.run([]), await place.run([]), await place.run(["--keep"])];
    expect([first.lastLine, again.lastLine, kept.lastLine]).toEqual([WHOLE, WHOLE, WHOLE]);
  });

  it("keeps other events beside those of a file", async () => {
    await place.run([]);
    const input = JSON.stringify({
      type: "FeatureCollection",
      features: [
        {
          id: "new",
          properties: { mag: null, place: null, time: 0, updated: 0, type: "explosion" },
          geometry: { coordinates: [0, 0, 1] },
        },
      ],
    });
    const { code, lastLine } = await place.run(["--keep", "--file", "-"], { input });
    expect({ code, lastLine }).toEqual({
      code: 0,
      lastLine: "demo: enqueued=1 stored=1 dead_lettered=0 replayed=0 postgres=1708 clickhouse=1708",
    });
  });
});

describe("a mistake", () => {
  it.each([
    [["--file", "nowhere.geojson"], /^.*nowhere\.geojson: cannot be read \(ENOENT\)\n$/],
    [["--file", "-"], /^standard input: is empty, expected a GeoJSON FeatureCollection\n$/],
    [["--fail"], /^error: unknown option '--fail'\n/],
  ])("%j is told in one line, with exit code 2", async (flags, message) => {
    const { code, out, err } = await place.run(flags);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
  });
});
