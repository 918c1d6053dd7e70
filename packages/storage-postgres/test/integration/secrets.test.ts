import { inspect } from "node:util";
import { TcpProxy } from "@chimera/test-services";
import { sampleLetter } from "@chimera/dlq/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { PostgresAdapter, PostgresDeadLetterStore, sql } from "../../src/index.ts";
import { rejection, useDatabase } from "../support/database.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const database = useDatabase();

/** Every character that a URL reserves, quotes, and a percent sign that looks like an escape. */
const PASSWORD = "S3cr@t:/?#[]%41&='\"\\ ü;$1";

beforeAll(async () => {
  await database.observer.query(`create role secretive login password '${PASSWORD.replaceAll("'", "''")}'`);
  await database.observer.query("grant create on schema public to secretive");
});

const urlOf = (url: string, password: string): string => {
  const { host } = new URL(url);
  return `postgres://secretive:${password}@${host}/postgres`;
};
const encoded = encodeURIComponent(PASSWORD);
/** As it stands, as a URL carries it, and as JSON escapes it. */
const FORMS = [PASSWORD, encoded, JSON.stringify(PASSWORD).slice(1, -1), inspect(PASSWORD).slice(1, -1)];

/** Everything that a curious log line could make of a value. */
function everyView(value: unknown): string {
  const views = [
    inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    inspect(value),
    String(value),
    JSON.stringify(value) ?? "",
  ];
  if (value instanceof Error)
    views.push(value.stack ?? "", everyView(Object.assign({}, value)), everyView(value.cause ?? null));
  return views.join("\n");
}

function expectNoSecret(value: unknown): void {
  const text = everyView(value);
  for (const form of FORMS) expect(text).not.toContain(form);
  expect(text).not.toContain("S3cr");
}

describe("the password", () => {
  it.each([
    ["a URL", encoded, {}],
    ["an option", "", { password: PASSWORD }],
    ["a function", "", { password: async () => Promise.resolve(PASSWORD) }],
  ])(
    "given as %s works, and is in no view of the adapter, its metrics or health",
    async (_how, inUrl, options) => {
      const db = database.open({ url: urlOf(database.server.url, inUrl), ...options });
      expect((await db.query("select current_user as me")).rows).toEqual([{ me: "secretive" }]);
      expectNoSecret(db);
      expectNoSecret(db.metrics());
      expectNoSecret(await db.health());
    },
  );

  it("is in no error and no log line, whatever fails", async () => {
    await using proxy = await TcpProxy.start(database.server.url);
    const logger = new RecordingLogger();
    const retry = { maxAttempts: 2, baseDelayMs: 1 };
    const good = urlOf(database.server.url, encoded);
    const open = (options: object = {}): PostgresAdapter =>
      database.open({ url: good, logger, retry, ...options });
    const proxied = open({
      url: proxy.through(good),
      leakAfterMs: 1,
      poolTimeoutMs: 20,
      poolSize: 1,
      maxOverflow: 0,
    });
    const errors: unknown[] = [
      await rejection(open({ user: "nobody" }).query("select 1")),
      await rejection(open({ database: "nowhere" }).query("select 1")),
      await rejection(open({ host: "no-such-host.invalid" }).query("select 1")),
      await rejection(open({ port: 1 }).query("select 1")),
      await rejection(open({ tls: true }).query("select 1")),
      await rejection(open().query("select nonsense")),
      // The secret in the statement itself, and in what the server says of it.
      await rejection(open().query(`select '${PASSWORD.replaceAll("'", "''")}'::int`)),
      await rejection(open().query("select $1::int", [PASSWORD])),
      await rejection(open().query(`alter role secretive passwort '${PASSWORD.replaceAll("'", "''")}'`)),
      await rejection(open().query("select pg_sleep(9)", [], { deadlineMs: 50 })),
      await rejection(open().bulkInsert("nowhere", [{ secret: PASSWORD }])),
      await rejection(
        open().transaction(async (transaction) => transaction.query(sql`select ${PASSWORD}::int`)),
      ),
      await rejection(
        open({
          password: () => {
            throw new Error(`vault said ${PASSWORD}`);
          },
          url: good,
        }).query("select 1"),
      ),
    ];
    await proxied.query("select 1");
    const running = rejection(proxied.query("select pg_sleep(9)"));
    errors.push(await rejection(proxied.query("select 1")));
    proxy.cutAll();
    errors.push(await running);
    await proxied.close();
    errors.push(await rejection(proxied.query("select 1")));
    for (const error of errors) {
      expect(error).toHaveProperty("code");
      expectNoSecret(error);
    }
    expect(logger.lines.length).toBeGreaterThan(0);
    expectNoSecret(logger.lines);
  });

  it.each([
    ["not encoded", urlOf("postgres://h:5432", PASSWORD)],
    ["half encoded", urlOf("postgres://h:5432", PASSWORD.replaceAll("/", "%2F"))],
    ["of digits and a slash", urlOf("postgres://h:5432", "12/S3cr")],
    ["of digits and a hash", urlOf("postgres://h:5432", "12#S3cr")],
    ["of digits and a question mark", urlOf("postgres://h:5432", "12?S3cr")],
    ["in another scheme", `mysql://root:${encoded}@h/d`],
    ["with a wrong port", `postgres://root:${encoded}@h:port/d`],
    ["with an unknown parameter", `postgres://root:${encoded}@h/d?password=${encoded}`],
  ])("in a URL that is refused, %s, is not quoted", (_form, url) => {
    for (const open of [
      () => new PostgresAdapter({ url }),
      () => PostgresAdapter.fromEnv({ CHIMERA_POSTGRES_URL: url }),
    ]) {
      let thrown: unknown;
      try {
        open();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "POSTGRES_INVALID" });
      expectNoSecret(thrown);
    }
  });

  it("is in no dead letter that quotes a failure of the adapter", async () => {
    const failing = database.open({ url: urlOf(database.server.url, encoded) });
    const error = await rejection(
      failing.query(`select 'postgres://secretive:${encoded}@db/x ${PASSWORD.replaceAll("'", "''")}'::int`),
    );
    const store = new PostgresDeadLetterStore({ adapter: failing, table: "secretive_letters" });
    await store.migrate();
    const message = error.message;
    await store.append([
      sampleLetter({ message, errors: [{ ts: sampleLetter().ts, code: error.code ?? "", message }] }),
    ]);
    const { rows } = await database.observer.query("select * from secretive_letters");
    expect(rows).toHaveLength(1);
    expectNoSecret(rows);
  });
});
