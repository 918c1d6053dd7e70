import { expect, it } from "vitest";

import { printedConfig } from "../../src/print-config.ts";

it("shows what is set, then what holds for the rest, and masks every secret", () => {
  const environment = {
    CHIMERA_POSTGRES_URL: "postgres://ada:sesame-7391@host:5432/quakes",
    CHIMERA_CLICKHOUSE_URL: "http://ada:sesame-7391@one:8123,http://ada:sesame-7391@two:8123",
    CHIMERA_REDIS_PASSWORD: "sesame-7391",
    CHIMERA_HTTP_HOST: "",
    PGHOST: "db.internal",
    PGPASSWORD: "sesame-7391",
    HOME: "/home/ada",
  };
  expect(
    printedConfig(environment, [
      "CHIMERA_HTTP_PORT",
      "CHIMERA_REDIS_TLS",
      "PGUSER",
      ...Object.keys(environment),
    ]),
  ).toBe(
    [
      "CHIMERA_CLICKHOUSE_URL=http://***@one:8123,http://***@two:8123",
      "CHIMERA_POSTGRES_URL=postgres://***@host:5432/quakes",
      "CHIMERA_REDIS_PASSWORD=***",
      "PGHOST=db.internal",
      "PGPASSWORD=***",
      "CHIMERA_HTTP_HOST=127.0.0.1 (default)",
      "CHIMERA_HTTP_PORT=8080 (default)",
      "CHIMERA_REDIS_TLS (not set: by the URL)",
      "",
    ].join("\n"),
  );
});
