import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { DemoPlace } from "../support/demo-process.ts";

const WHOLE = "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707";

const ONE_EVENT = JSON.stringify({
  type: "FeatureCollection",
  features: [
    {
      id: "new",
      properties: { mag: null, place: null, time: 0, updated: 0, type: "explosion" },
      geometry: { coordinates: [0, 0, 1] },
    },
  ],
});

let place: DemoPlace;
beforeAll(() => {
  place = new DemoPlace();
});
afterAll(() => {
  place[Symbol.dispose]();
});

describe("the demo on embedded parts", () => {
  it("brings every event home, and shows how", async () => {
    const { code, out, err, lastLine } = await place.run([]);
    expect({ code, err, lastLine }).toEqual({ code: 0, err: "", lastLine: WHOLE });
    expect(out).toMatch(/^ {2}cockpit +http:\/\/127\.0\.0\.1:\d+$/m);
    expect(out).toContain("22km NNE of Hualian, Taiwan");
    expect(out).toMatch(/2018-02-04 +299/);
    expect(out).toContain("1664 rows");
    expect(out).toMatch(/latency of a job p50 [\d.]+ ms.*durability: fsync/);
    expect(out).toMatch(
      /unrecoverable +43 +geometry\.coordinates\.2: depth below the ground is not negative/,
    );
    expect(out).toContain("43 of 43 dead letters went back");
  });

  it("with --keep stores nothing twice, and keeps other events beside those of a file", async () => {
    const again = await place.run(["--keep"]);
    const other = await place.run(["--keep", "--file", "-"], { input: ONE_EVENT });
    expect([again.lastLine, other.lastLine]).toEqual([
      WHOLE,
      "demo: enqueued=1 stored=1 dead_lettered=0 replayed=0 postgres=1708 clickhouse=1708",
    ]);
  });

  it("starts clean without it", async () => {
    const { lastLine } = await place.run(["--file", "-"], { input: ONE_EVENT });
    expect(lastLine).toBe("demo: enqueued=1 stored=1 dead_lettered=0 replayed=0 postgres=1 clickhouse=1");
  });
});

describe("a load", () => {
  it("shows how the producer heeds backpressure, and stores each event that the queue took", async () => {
    const { code, out, err, lastLine } = await place.run(["--rate", "5000", "--for", "5s"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [, accepted, postgres, clickhouse, deadLettered] =
      /^load: accepted=(\d+) refused=\d+ postgres=(\d+) clickhouse=(\d+) dead_lettered=(\d+) peak_depth=\d+ peak_pressure=\w+ recovered_ms=\d+$/.exec(
        lastLine,
      ) ?? [];
    expect(Number(accepted)).toBeGreaterThan(0);
    expect([postgres, clickhouse, deadLettered]).toEqual([accepted, accepted, "0"]);
    expect(out).toContain("5000 events a second for 5 s");
  });
});

describe("a mistake", () => {
  it.each([
    [["--file", "nowhere.geojson"], /^.*nowhere\.geojson: cannot be read \(ENOENT\)\n$/],
    [["--file", "-"], /^standard input: is empty, expected a GeoJSON FeatureCollection\n$/],
    [["--fail"], /^error: unknown option '--fail'\n/],
    [
      ["--rate", "fast"],
      /^error: option '--rate <events>' argument 'fast' is invalid\. Expected 1 to 100000 events a second\.\n$/,
    ],
    [
      ["--rate", "10", "--for", "1h"],
      /^error: option '--for <time>' argument '1h' is invalid\. Expected a time from 1s to 60m, such as 30s\.\n$/,
    ],
    [["--for", "10s"], /^error: option '--for <time>' needs --rate <events>\n$/],
    [["--rate", "10", "--keep"], /^error: option '--rate <events>' cannot be used with option '--keep'\n$/],
  ])("%j is told in one line, with exit code 2", async (flags, message) => {
    const { code, out, err } = await place.run(flags);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
  });
});
