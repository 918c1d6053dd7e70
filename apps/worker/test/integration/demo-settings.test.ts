import { startClickHouse, startPostgres, startRedis } from "@chimera/test-services";
import { expect, it } from "vitest";

import { DemoPlace } from "../support/demo-process.ts";

const SECRET = "sesame-7391";

it("tells every setting that is wrong at once, by name and never by value", async () => {
  using place = new DemoPlace();
  const { code, out, err } = await place.run([], {
    environment: {
      CHIMERA_REDIS_URL: `http://u:${SECRET}@host`,
      CHIMERA_POSTGRES_URL: `nonsense:${SECRET}`,
      CHIMERA_POSTGRES_POOL_SIZE: SECRET,
      CHIMERA_CLICKHOUSE_URL: `redis://${SECRET}@host`,
      CHIMERA_DLQ_WHEN_FULL: SECRET,
    },
  });
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err.trimEnd().split("\n").toSorted()).toEqual([
    expect.stringMatching(/^CHIMERA_CLICKHOUSE_URL: expected a URL like http:/),
    expect.stringMatching(/^CHIMERA_DLQ_WHEN_FULL: expected one of block, drop-oldest$/),
    expect.stringMatching(/^CHIMERA_POSTGRES_POOL_SIZE: expected an integer >= 0$/),
    expect.stringMatching(/^CHIMERA_POSTGRES_URL: expected a URL like postgres:/),
    expect.stringMatching(/^CHIMERA_REDIS_URL: expected a URL like redis:/),
  ]);
  expect(err).not.toContain(SECRET);
}, 120_000);

it("tells every server that does not serve at once, by the name of its variable", async () => {
  using place = new DemoPlace();
  const { code, out, err } = await place.run([], {
    environment: {
      CHIMERA_REDIS_URL: `redis://u:${SECRET}@127.0.0.1:1`,
      CHIMERA_POSTGRES_URL: `postgres://u:${SECRET}@127.0.0.1:2/x`,
      CHIMERA_CLICKHOUSE_URL: `http://u:${SECRET}@127.0.0.1:3`,
    },
  });
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err.trimEnd().split("\n").toSorted()).toEqual([
    expect.stringMatching(/^CHIMERA_CLICKHOUSE_URL: expected a ClickHouse that serves \(.*ECONNREFUSED.*\)$/),
    expect.stringMatching(/^CHIMERA_POSTGRES_URL: expected a Postgres that serves \(.*ECONNREFUSED.*\)$/),
    expect.stringMatching(/^CHIMERA_REDIS_URL: expected a Redis that serves \(.*ECONNREFUSED.*\)$/),
  ]);
  expect(err).not.toContain(SECRET);
}, 120_000);

it("comes to the same on real servers", async () => {
  await using redis = await startRedis();
  await using postgres = await startPostgres();
  await using clickhouse = await startClickHouse();
  using place = new DemoPlace();
  const environment = {
    CHIMERA_REDIS_URL: redis.url,
    CHIMERA_POSTGRES_URL: postgres.url,
    CHIMERA_CLICKHOUSE_URL: clickhouse.url,
  };
  const whole = "demo: enqueued=1707 stored=1664 dead_lettered=43 replayed=43 postgres=1707 clickhouse=1707";
  const runs = [await place.run([], { environment }), await place.run(["--keep"], { environment })];
  expect(runs.map(({ code, err, lastLine }) => ({ code, err, lastLine }))).toEqual([
    { code: 0, err: "", lastLine: whole },
    { code: 0, err: "", lastLine: whole },
  ]);
}, 120_000);
