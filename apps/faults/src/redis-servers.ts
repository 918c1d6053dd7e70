import { startRedis, type TestService } from "@chimera/test-services";
import { createClient } from "redis";

/** What is acknowledged is on the disk: as much as one server can promise. */
const DURABLE = ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"];

/** The server of a campaign, and the replica that takes its place in a failover. */
export class RedisServers implements AsyncDisposable {
  #primary: TestService;
  #replica: TestService | undefined;

  private constructor(primary: TestService) {
    this.#primary = primary;
  }

  static async start(options: { readonly replicated: boolean }): Promise<RedisServers> {
    const servers = new RedisServers(await startRedis({ config: DURABLE }));
    if (options.replicated) await servers.#addReplica();
    return servers;
  }

  get primary(): TestService {
    return this.#primary;
  }

  /**
   * SIGKILL of the primary and promotion of its replica; `lead` then brings everybody to it, and a new replica follows
   * it. What the promoted replica had not yet is gone.
   */
  async failOver(lead: (url: string) => void): Promise<void> {
    const promoted = this.#replica;
    if (promoted === undefined) throw new Error("a failover needs a replica");
    const dead = this.#primary;
    await dead.kill9();
    await command(promoted.url, ["REPLICAOF", "NO", "ONE"]);
    this.#primary = promoted;
    lead(promoted.url);
    await dead.stop();
    await this.#addReplica();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#primary.stop(), this.#replica?.stop()]);
  }

  /** Resolves once the replica has caught up. */
  async #addReplica(): Promise<void> {
    const { hostname, port } = new URL(this.#primary.url);
    this.#replica = await startRedis({ config: [...DURABLE, `replicaof ${hostname} ${port}`] });
    while ((await command(this.#primary.url, ["WAIT", "1", "1000"])) !== 1);
  }
}

/** Sends one command on a connection of its own. */
export async function command(url: string, words: readonly string[]): Promise<unknown> {
  const client = createClient({ url });
  await client.connect();
  try {
    return await client.sendCommand([...words]);
  } finally {
    client.destroy();
  }
}
