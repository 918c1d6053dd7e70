import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { FileDeadLetterStore, silentLogger } from "@chimera/dlq";
import { LocalQueue } from "@chimera/queue-core";
import { RedisConnection, RedisQueue } from "@chimera/queue-redis";
import { ClickHouseAdapter } from "@chimera/storage-clickhouse";
import { PostgresAdapter } from "@chimera/storage-postgres";
import { startClickHouse, startPostgres, startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, it } from "vitest";

/** With what URLs, SQL and JSON have to escape, and a part that survives any half-done masking. */
const PASSWORD = "s3cr3t p@ss/w:rd%'é";
const ENCODED = encodeURIComponent(PASSWORD).replaceAll("'", "%27");
const QUOTED = PASSWORD.replaceAll("'", "''");
const FORMS = [PASSWORD, ENCODED, QUOTED, Buffer.from(`chimera:${PASSWORD}`).toString("base64"), "s3cr3t"];

const logger = silentLogger;
let redis: TestService;
let postgres: TestService;
let clickHouse: TestService;
const directory = mkdtempSync(join(tmpdir(), "chimera-letters-test-"));

beforeAll(async () => {
  [redis, postgres, clickHouse] = await Promise.all([
    startRedis({ config: ["requirepass another"] }),
    startPostgres(),
    startClickHouse({ password: PASSWORD }),
  ]);
  await using admin = new PostgresAdapter({ url: postgres.url, logger });
  await admin.query(`create role secretive login password '${QUOTED}'`);
});
afterAll(async () => {
  await Promise.all([redis, postgres, clickHouse].map(async (service) => service.stop()));
  rmSync(directory, { recursive: true, force: true });
});

/** Each use of an adapter fails with a message that would quote the password if nobody masked it. */
const USES: Readonly<Record<string, () => Promise<unknown>>> = {
  "Redis refuses the credentials": async () => {
    const url = redis.url.replace("redis://", `redis://:${ENCODED}@`);
    const connection = new RedisConnection({ url, logger, commandTimeoutMs: 300 });
    try {
      await using queue = new RedisQueue<string>("secrets", { connection, logger });
      return await queue.enqueue("x");
    } finally {
      connection.close();
    }
  },
  "Redis at a URL that cannot be read": async () =>
    new RedisQueue<string>("secrets", { url: `redis://queue:${ENCODED}@ho st:6379`, logger }),
  "Postgres refuses the credentials": async () => {
    const url = withUser(postgres.url, `nobody:${ENCODED}`);
    await using adapter = new PostgresAdapter({ url, logger });
    return await adapter.query("select 1");
  },
  "Postgres quotes the statement": async () => {
    await using adapter = new PostgresAdapter({
      url: withUser(postgres.url, `secretive:${ENCODED}`),
      logger,
    });
    return await adapter.query(`select 'postgres://secretive:${ENCODED}@db/x ${QUOTED}'::int`);
  },
  "Postgres at a URL that cannot be read": async () =>
    new PostgresAdapter({ url: `postgres://secretive:${ENCODED}@h:port/d`, logger }),
  "ClickHouse refuses the user": async () =>
    useClickHouse(withUser(clickHouse.url, `nobody:${ENCODED}`), "SELECT 1"),
  "ClickHouse quotes the statement": async () =>
    useClickHouse(clickHouse.url, `SELECT url('http://chimera:${ENCODED}@h/') !! '${PASSWORD}'`),
  "ClickHouse at a URL that cannot be read": async () =>
    useClickHouse(`http://chimera:${ENCODED}@host:99999`, "SELECT 1"),
};

it("no failure of an adapter brings a password into the file of dead letters", async () => {
  const path = join(directory, "dlq.jsonl");
  const deadLetters = new FileDeadLetterStore({ path, logger });
  await using queue = new LocalQueue<string>("secrets", { logger });
  const worker = queue.process(
    async (use) => {
      const error = await USES[use]?.().catch((reason: unknown) => reason);
      // As careless as a handler can be: the error with everything that hangs on it, whole and cut.
      throw new Error(`${use}: ${String(error)} ${inspect(error, { depth: Infinity, showHidden: true })}`);
    },
    { deadLetters, retry: { maxAttempts: 2, baseDelayMs: 1 } },
  );
  const uses = Object.keys(USES);
  await queue.enqueueMany(uses);
  await worker.idle();
  const letters: string[] = [];
  for await (const { letter } of deadLetters.list()) letters.push(letter.message);
  await deadLetters.close();
  for (const use of uses) expect(letters).toContainEqual(expect.stringMatching(`^${use}: \\w*Error`));
  const file = readFileSync(path, "utf8");
  expect(FORMS.filter((form) => file.includes(form))).toEqual([]);
});

function withUser(url: string, credentials: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${credentials}@${host}${pathname}`;
}

async function useClickHouse(url: string, statement: string): Promise<unknown> {
  const adapter = await ClickHouseAdapter.open({ url, logger, deadLetters: null, retryForMs: 50 });
  if (adapter === null) throw new TypeError("The driver is not installed");
  await using opened = adapter;
  return await opened.query(statement);
}
