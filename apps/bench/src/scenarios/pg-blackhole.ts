import { PostgresAdapter } from "@chimera/storage-postgres";
import { startPostgres, TcpProxy } from "@chimera/test-services";
import pg from "pg";
import { elapsedMs, type Scenario } from "../scenario.ts";

/** Milliseconds of silence that both sides bear before they take a connection for dead. */
const PATIENCE_MS = 500;
const IDLE_CLIENTS = 4;

/**
 * A gateway forgets idle connections: what is sent on them is swallowed, new ones work. Measured is the time
 * until a query is answered, with four idle clients in the pool.
 */
export const scenario: Scenario = {
  title: "Time to the first answer after the network forgot four idle connections",
  unit: "ms",
  better: "lower",
  referenceName: "pg with query_timeout, next client on failure",
  bar: 3,
  n: 1,
  quickN: 1,
  pairs: 5,
  warmups: 0,
  peers: ["pg"],
  async open() {
    const server = await startPostgres();
    return {
      ours: async () => throughProxy(server.url, oursUntilAnswered),
      reference: async () => throughProxy(server.url, byHandUntilAnswered),
      close: async () => server.stop(),
    };
  },
};

/** Opens four idle clients through a proxy, then answers how long `query` needs once they are deaf. */
async function throughProxy(
  url: string,
  open: (url: string) => Promise<{ query: () => Promise<void>; close: () => Promise<void> }>,
): Promise<number> {
  await using proxy = await TcpProxy.start(url);
  const { query, close } = await open(proxy.through(url));
  await Promise.all(Array.from({ length: IDLE_CLIENTS }, query));
  const deaf = proxy.connections;
  proxy.rules.onReply = (_chunk, connection) => (connection < deaf ? "drop" : "forward");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const tookMs = await elapsedMs(query);
  await close();
  return tookMs;
}

async function oursUntilAnswered(
  url: string,
): Promise<{ query: () => Promise<void>; close: () => Promise<void> }> {
  const adapter = new PostgresAdapter({
    url,
    poolSize: IDLE_CLIENTS,
    prePingIdleMs: 10,
    prePingTimeoutMs: PATIENCE_MS,
  });
  return {
    query: async () => void (await adapter.query("select pg_sleep(0.01)", [], { idempotent: true })),
    close: async () => adapter.close({ deadlineMs: 0 }),
  };
}

async function byHandUntilAnswered(
  url: string,
): Promise<{ query: () => Promise<void>; close: () => Promise<void> }> {
  const pool = new pg.Pool({ connectionString: url, max: IDLE_CLIENTS, query_timeout: PATIENCE_MS });
  pool.on("error", () => {});
  const query = async (): Promise<void> => {
    for (;;) {
      const client = await pool.connect();
      try {
        await client.query("select pg_sleep(0.01)");
        client.release();
        return;
      } catch {
        client.release(true);
      }
    }
  };
  return { query, close: async () => pool.end() };
}
