import { expect, it, vi } from "vitest";

import { CockpitServer } from "../support/cockpit-server.ts";
import { letter } from "../support/letters.ts";

const TOKEN = "sesame-sesame-7391";
const PATIENCE = { timeout: 20_000, interval: 50 };
const ACTIONS = ["dry-run", "replay", "stop-replay", "purge", "pause", "resume"];

it("serves the page and exactly the files that it is made of, under a policy that lets nothing else in", async () => {
  await using cockpit = await CockpitServer.open();
  const page = await cockpit.http.inject("/");
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
  const paths = [...page.body.matchAll(/(?:href|src)="(cockpit\/[^"]+)"/g)].map(([, path]) => path ?? "");
  expect(paths.length).toBeGreaterThan(5);
  for (const path of [...paths, "cockpit/uplot.js"]) {
    const { statusCode, headers } = await cockpit.http.inject(`/${path}`);
    expect({ path, statusCode, nosniff: headers["x-content-type-options"] }).toEqual({
      path,
      statusCode: 200,
      nosniff: "nosniff",
    });
  }
  for (const path of [
    "/cockpit/",
    "/cockpit/tsconfig.json",
    "/cockpit/..%2fpackage.json",
    "/cockpit/%2e%2e/package.json",
  ])
    expect((await cockpit.http.inject(path)).statusCode).toBe(404);
});

it("changes nothing without a token in the settings, and says so", async () => {
  await using cockpit = await CockpitServer.open();
  for (const name of ACTIONS) {
    expect(await cockpit.act(name, {}, TOKEN)).toMatchObject({ status: 403, body: { code: "ACTIONS_OFF" } });
  }
  expect((await cockpit.service.queue.metrics()).paused).toBe(false);
});

it("changes nothing for whoever does not know the token", async () => {
  await using cockpit = await CockpitServer.open(TOKEN);
  await cockpit.service.deadLetters.append([letter("a")]);
  for (const name of ACTIONS) {
    expect(await cockpit.act(name, {})).toMatchObject({ status: 401, body: { code: "TOKEN_MISSING" } });
    expect(await cockpit.act(name, {}, "guess")).toMatchObject({
      status: 401,
      body: { code: "TOKEN_WRONG" },
    });
  }
  expect((await cockpit.service.queue.metrics()).paused).toBe(false);
  expect((await cockpit.service.deadLetters.stats()).count).toBe(1);
});

it("lists letters and gives one in full, whatever its id", async () => {
  await using cockpit = await CockpitServer.open();
  const id = 'queue:a/b?c=d&e#f "g" ü';
  await cockpit.service.deadLetters.append([
    letter(id, { payload: "<b>", encoding: "text" }),
    letter("other"),
  ]);
  expect(await cockpit.get("/api/dead-letters?limit=1")).toMatchObject({
    status: 200,
    body: { letters: [{ id: expect.any(String) as string }], next: { id: expect.any(String) as string } },
  });
  const path = `/api/dead-letters/one?id=${encodeURIComponent(id)}`;
  expect(await cockpit.get(path)).toMatchObject({ status: 200, body: { id, state: "dead", payload: "<b>" } });
  expect(await cockpit.get("/api/dead-letters/one?id=nobody")).toMatchObject({ status: 404 });
});

it("shows a letter in full to whoever knows the token, and without one on its own machine only", async () => {
  const path = "/api/dead-letters/one?id=a";
  await using locked = await CockpitServer.open(TOKEN);
  await using open = await CockpitServer.open();
  for (const { service } of [locked, open]) await service.deadLetters.append([letter("a")]);
  expect(await locked.get(path)).toMatchObject({ status: 401, body: { code: "TOKEN_MISSING" } });
  expect(await locked.get("/api/dead-letters")).toMatchObject({ status: 200 });
  const authorization = `Bearer ${TOKEN}`;
  expect(await locked.get(path, { authorization })).toMatchObject({ status: 200, body: { id: "a" } });
  expect(await open.get(path)).toMatchObject({ status: 200, body: { id: "a" } });
  expect(await open.get(path, { host: "rebound.example" })).toMatchObject({
    status: 403,
    body: { code: "ACTIONS_OFF" },
  });
});

it.each([
  ["/api/dead-letters?limit=0", /^limit: /],
  ["/api/dead-letters?reason=bad", /^reason: /],
  ["/api/dead-letters?since=yesterday", /^since: /],
  ["/api/dead-letters?statee=any", /statee/],
  ["/api/dead-letters/one", /^id: /],
])("refuses %s with what is wrong", async (path, error) => {
  await using cockpit = await CockpitServer.open();
  expect(await cockpit.get(path)).toEqual({
    status: 400,
    body: { error: expect.stringMatching(error) as string },
  });
});

it("has nothing for a stranger's page", async () => {
  await using cockpit = await CockpitServer.open();
  const answer = await cockpit.get("/api/events", { "sec-fetch-site": "cross-site" });
  expect(answer).toMatchObject({ status: 403 });
});

it("pauses and resumes the queue", async () => {
  await using cockpit = await CockpitServer.open(TOKEN);
  for (const [name, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    expect(await cockpit.act(name, {}, TOKEN)).toEqual({ status: 200, body: { paused } });
    expect((await cockpit.service.queue.metrics()).paused).toBe(paused);
  }
});

it("counts on a dry run and sends nothing; replays what was meant for this queue, once", async () => {
  await using cockpit = await CockpitServer.open(TOKEN);
  const { deadLetters, queue } = cockpit.service;
  await deadLetters.append([
    letter("a"),
    letter("b", { reason: "invalid" }),
    letter("c", { target: "queue:other" }),
  ]);
  expect(await cockpit.act("dry-run", { action: "replay", filter: {} }, TOKEN)).toMatchObject({
    status: 200,
    body: { count: 2, byReason: { unrecoverable: 1, invalid: 1 }, target: "queue:chimera-demo-quakes" },
  });
  expect((await queue.metrics()).enqueued).toBe(0);
  const [first, second] = await Promise.all(
    [1, 2].map(async () => cockpit.act("replay", { filter: {} }, TOKEN)),
  );
  expect(new Set([first?.status, second?.status])).toEqual(new Set([202, 409]));
  await vi.waitFor(
    async () => expect((await deadLetters.stats({ state: "replayed" })).count).toBe(2),
    PATIENCE,
  );
  expect((await queue.metrics()).depth).toBe(2);
  expect((await deadLetters.stats()).bySource).toEqual({ "queue:chimera-demo-quakes": 1 });
});

it("purges exactly what was agreed to: nothing when the number has changed, nothing that came later", async () => {
  await using cockpit = await CockpitServer.open(TOKEN);
  const { deadLetters } = cockpit.service;
  await deadLetters.append([letter("a"), letter("b")]);
  const { body } = await cockpit.act("dry-run", { action: "purge", filter: {} }, TOKEN);
  const { count, filter } = body as { count: number; filter: object };
  await deadLetters.append([letter("later", { ts: new Date(Date.now() + 60_000).toISOString() })]);
  expect(await cockpit.act("purge", { filter: {}, count }, TOKEN)).toMatchObject({ status: 400 });
  expect(await cockpit.act("purge", { filter, count: 3 }, TOKEN)).toMatchObject({
    status: 409,
    body: { code: "COUNT_CHANGED", count: 2 },
  });
  expect((await deadLetters.stats()).count).toBe(3);
  expect(await cockpit.act("purge", { filter, count }, TOKEN)).toEqual({ status: 200, body: { purged: 2 } });
  const left: string[] = [];
  for await (const stored of deadLetters.list()) left.push(stored.letter.id);
  expect(left).toEqual(["later"]);
});
