import { expect, it } from "vitest";

import { printedConfig } from "../../src/print-config.ts";

it("shows what is set before what is not, and masks every secret", () => {
  const environment = {
    CHIMERA_POSTGRES_URL: "postgres://ada:sesame-7391@host:5432/quakes",
    CHIMERA_CLICKHOUSE_URL: "http://ada:sesame-7391@one:8123,http://ada:sesame-7391@two:8123",
    CHIMERA_REDIS_PASSWORD: "sesame-7391",
    CHIMERA_HTTP_HOST: "",
    PGSSLCERT: "ignored",
  };
  expect(printedConfig(environment, ["CHIMERA_HTTP_PORT", ...Object.keys(environment)])).toBe(
    [
      "CHIMERA_CLICKHOUSE_URL=http://***@one:8123,http://***@two:8123",
      "CHIMERA_POSTGRES_URL=postgres://***@host:5432/quakes",
      "CHIMERA_REDIS_PASSWORD=***",
      "CHIMERA_HTTP_HOST (default)",
      "CHIMERA_HTTP_PORT (default)",
      "",
    ].join("\n"),
  );
});
