import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { event, events } from "../support/events.ts";
import { ServiceProcess } from "../support/service-process.ts";

// Without databases nothing is handled, so what is accepted stays in the queue.
let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start({
    CHIMERA_POSTGRES_URL: "postgres://nobody:sesame-7391@127.0.0.1:1/none",
    CHIMERA_CLICKHOUSE_URL: "http://nobody:sesame-7391@127.0.0.1:1",
    CHIMERA_QUEUE_MAX_DEPTH: "100",
    CHIMERA_HTTP_MAX_BODY_BYTES: "100000",
  });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe("POST /jobs", () => {
  it("answers 202 when the queue has one event, several, or one a line", async () => {
    const one = await service.post("/jobs", JSON.stringify(event("one")));
    const several = await service.post("/jobs", JSON.stringify(events("several", 2)));
    const lines = await service.post("/jobs", `${JSON.stringify(event("line"))}\n\n`, "application/x-ndjson");
    expect([one, several, lines].map(({ status, body }) => ({ status, body }))).toEqual([
      { status: 202, body: { accepted: 1, ids: ["one"] } },
      { status: 202, body: { accepted: 2, ids: ["several-0", "several-1"] } },
      { status: 202, body: { accepted: 1, ids: ["line"] } },
    ]);
    expect(await service.text("/metrics")).toMatch(/^chimera_queue_depth 4$/m);
  });

  it("may be sent again without harm", async () => {
    await service.post("/jobs", JSON.stringify(event("one")));
    expect(await service.text("/metrics")).toMatch(/^chimera_queue_depth 4$/m);
  });

  it("lists what is wrong by index, and enqueues nothing then", async () => {
    const { status, body } = await service.post(
      "/jobs",
      JSON.stringify([event("fine"), event("deep", "x"), event("a b")]),
    );
    expect(status).toBe(400);
    expect(body["refused"]).toEqual([
      { index: 1, error: expect.stringMatching(/^geometry\.coordinates\.2: /) as string },
      { index: 2, error: expect.stringMatching(/^id: expected 1 to 128 letters/) as string },
    ]);
    expect(await service.text("/metrics")).toMatch(/^chimera_queue_depth 4$/m);
  });

  it.each([
    ["no JSON", "{ nope", "application/json", 400],
    ["nothing", "", "application/json", 400],
    ["an empty list", "[]", "application/json", 400],
    ["lines that are no JSON", "{}\n{", "application/x-ndjson", 400],
    ["another type", "<quake/>", "text/xml", 415],
    ["too much", JSON.stringify("x".repeat(100_000)), "application/json", 413],
    ["a pit of brackets", "[".repeat(90_000), "application/json", 400],
    ["a pit of lists", "[".repeat(40_000) + "]".repeat(40_000), "application/json", 400],
    ["a prototype", '{"__proto__":{"id":"x"}}', "application/json", 400],
  ])("refuses %s", async (_what, body, contentType, status) => {
    const answer = await service.post("/jobs", body, contentType);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String) as string } });
  });

  it("answers 429 with Retry-After when the queue is full, and goes on", async () => {
    const { status, headers } = await service.post("/jobs", JSON.stringify(events("flood", 200)));
    expect(status).toBe(429);
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await service.get("/health")).status).toBe(200);
  });
});

describe("without its databases the service", () => {
  it("lives, says which part fails, and is not ready", async () => {
    const health = await service.get("/health");
    expect(health.status).toBe(200);
    expect(health.headers.get("content-type")).toMatch(/^application\/health\+json/);
    expect(health.body).toMatchObject({
      status: "fail",
      checks: {
        queue: [{ status: "pass" }],
        postgres: [{ status: "fail" }],
        clickhouse: [{ status: "fail" }],
      },
    });
    const ready = await service.get("/ready");
    expect(ready.status).toBe(503);
    expect(ready.body["reasons"]).toEqual([
      expect.stringMatching(/^postgres: .*ECONNREFUSED/),
      expect.stringMatching(/^clickhouse: .*ECONNREFUSED/),
      "the tables are not there yet",
    ]);
  });

  it("shows no password anywhere", async () => {
    const seen = [
      await service.text("/health"),
      await service.text("/ready"),
      await service.text("/metrics"),
      service.err,
    ];
    expect(seen.join("\n")).not.toContain("sesame-7391");
  });

  it.each(["/nowhere", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/jobs"])(
    "knows no %s",
    async (path) => {
      expect((await service.get(path)).status).toBe(404);
    },
  );
});
