import { inspect } from "node:util";
import { expect, it } from "vitest";
import { PostgresAdapter, PostgresError } from "../../src/index.ts";
import { optionsFromEnvironment } from "../../src/environment.ts";
import { resolveOptions } from "../../src/options.ts";

function thrownBy(call: () => unknown): PostgresError {
  try {
    call();
  } catch (error) {
    if (error instanceof PostgresError) return error;
  }
  throw new Error("expected a PostgresError");
}

it("fills in SQLAlchemy's pool words and the documented retry", () => {
  expect(resolveOptions({})).toMatchObject({
    host: "localhost",
    port: 5432,
    user: "postgres",
    database: "postgres",
    poolSize: 5,
    maxOverflow: 10,
    poolTimeoutMs: 30_000,
    retry: { maxAttempts: 4, baseDelayMs: 100, factor: 2, maxDelayMs: 30_000, jitter: "full" },
  });
});

it("lets a part given beside the URL win, and names the database after the user", () => {
  const options = resolveOptions({ url: "postgres://a:b@h:1/d?statement_timeout=5", user: "c", port: 2 });
  expect(options).toMatchObject({ host: "h", port: 2, user: "c", database: "d", statementTimeoutMs: 5 });
  expect(resolveOptions({ url: "postgres://a@h" }).database).toBe("a");
});

it("lists everything that is wrong at once", () => {
  const error = thrownBy(
    () => new PostgresAdapter({ poolSize: -1, port: 0, retry: { maxAttempts: 0, factor: 0 } }),
  );
  expect(error.code).toBe("POSTGRES_INVALID");
  expect(error.issues).toEqual([
    "Expected `port` to be an integer from 1 to 65_535, got `0`",
    "Expected `poolSize` to be an integer >= 0, got `-1`",
    "Expected `retry.maxAttempts` to be an integer >= 1, got `0`",
    "Expected `retry.factor` to be a finite number >= 1, got `0`",
  ]);
});

it("reads a URL and one variable for each pool word", () => {
  const environment = {
    CHIMERA_POSTGRES_URL: "postgres://u:p@h:5433/d",
    CHIMERA_POSTGRES_POOL_SIZE: "7",
    CHIMERA_POSTGRES_MAX_OVERFLOW: "-1",
    CHIMERA_POSTGRES_POOL_TIMEOUT_MS: "100",
    CHIMERA_POSTGRES_RECYCLE_MS: "0",
    CHIMERA_POSTGRES_RECYCLE_JITTER: "0.5",
    CHIMERA_POSTGRES_PRE_PING: "false",
    CHIMERA_POSTGRES_PRE_PING_IDLE_MS: "1",
    CHIMERA_POSTGRES_PRE_PING_TIMEOUT_MS: "2",
    CHIMERA_POSTGRES_CONNECT_TIMEOUT_MS: "3",
    CHIMERA_POSTGRES_STATEMENT_TIMEOUT_MS: "4",
    CHIMERA_POSTGRES_DEADLINE_MS: "0",
    CHIMERA_POSTGRES_LEAK_AFTER_MS: "6",
    CHIMERA_POSTGRES_RETRY_MAX_ATTEMPTS: "8",
    CHIMERA_POSTGRES_RETRY_JITTER: "none",
    CHIMERA_POSTGRES_APPLICATION_NAME: "shop",
    CHIMERA_POSTGRES_TLS: "no-verify",
    PGHOST: "meant-for-another-server",
  };
  expect(resolveOptions(optionsFromEnvironment(environment))).toMatchObject({
    host: "h",
    port: 5433,
    poolSize: 7,
    maxOverflow: -1,
    poolTimeoutMs: 100,
    recycleMs: 0,
    recycleJitter: 0.5,
    prePing: false,
    prePingIdleMs: 1,
    prePingTimeoutMs: 2,
    connectTimeoutMs: 3,
    statementTimeoutMs: 4,
    deadlineMs: 0,
    leakAfterMs: 6,
    retry: { maxAttempts: 8, baseDelayMs: 100, jitter: "none" },
    applicationName: "shop",
    tls: { rejectUnauthorized: false },
  });
});

it("reads the standard PG variables where there is no URL", () => {
  const environment = {
    PGHOST: "h",
    PGPORT: "1234",
    PGUSER: "u",
    PGPASSWORD: "p",
    PGDATABASE: "d",
    PGSSLMODE: "require",
    PGAPPNAME: "a",
    PGCONNECT_TIMEOUT: "3",
  };
  expect(optionsFromEnvironment(environment)).toEqual({
    host: "h",
    port: 1234,
    user: "u",
    password: "p",
    database: "d",
    tls: true,
    applicationName: "a",
    connectTimeoutMs: 3_000,
  });
});

it("names every wrong variable at once, and shows no value", () => {
  const environment = {
    CHIMERA_POSTGRES_URL: "postgres://u:hunter2/@h",
    CHIMERA_POSTGRES_POOL_SIZE: "hunter2",
    CHIMERA_POSTGRES_PRE_PING: "hunter2",
    CHIMERA_POSTGRES_RECYCLE_JITTER: "hunter2",
    PGSSLROOTCERT: "/hunter2",
  };
  const error = thrownBy(() => PostgresAdapter.fromEnv(environment));
  expect(error.issues.map((issue) => issue.split(":")[0])).toEqual([
    "CHIMERA_POSTGRES_URL",
    "PGSSLROOTCERT",
    "CHIMERA_POSTGRES_POOL_SIZE",
    "CHIMERA_POSTGRES_RECYCLE_JITTER",
    "CHIMERA_POSTGRES_PRE_PING",
  ]);
  expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain("hunter2");
});
