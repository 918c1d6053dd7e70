import { setTimeout as delay } from "node:timers/promises";

import type { TestService } from "../test-service.ts";
import { askRedis } from "./ask-redis.ts";
import { startRedis, type RedisOptions } from "./start-redis.ts";

/** What a test wants of its cluster. */
export interface RedisClusterOptions extends RedisOptions {
  /** Masters that share the slots. @defaultValue 3 */
  readonly masters?: number;
  /** Replicas of each master. @defaultValue 0 */
  readonly replicas?: number;
}

/** A real Redis Cluster on loopback. */
export interface RedisCluster extends AsyncDisposable {
  /** The masters first, then a first replica of each in the same order, and so on. */
  readonly nodes: readonly TestService[];
  /** Where its nodes listen. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** Sends one command to one node and answers its reply as text. */
  command(node: number, ...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const AGREE_WITHIN_MS = 30_000;
const POLL_MS = 50;

/**
 * Starts masters, gives each an equal share of the slots, and resolves once all agree that the cluster serves and every
 * replica follows its master.
 *
 * @throws Error when there is no Redis to start, or the nodes do not agree within 30 s.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 0, config = [], tls } = options;
  const lines = ["cluster-enabled yes", "cluster-node-timeout 2000", ...config];
  const nodes = await Promise.all(
    Array.from({ length: masters * (1 + replicas) }, async () =>
      startRedis({ config: lines, ...(tls !== undefined && { tls }) }),
    ),
  );
  const addresses = nodes.map(({ url }) => ({ host: "127.0.0.1", port: Number(new URL(url).port) }));
  const command = async (node: number, ...words: string[]): Promise<string> =>
    askRedis(nodes[node]?.url ?? "", words);
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map(async (node) => node.stop())));
  try {
    await join(nodes.length, masters, command);
    for (let node = masters; node < nodes.length; node++) await follow(node, node % masters, command);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, addresses, command, stop, [Symbol.asyncDispose]: stop };
}

type Command = (node: number, ...words: string[]) => Promise<string>;

async function join(count: number, masters: number, command: Command): Promise<void> {
  const busOf = async (node: number): Promise<readonly string[]> => {
    const myself = (await command(node, "CLUSTER", "NODES")).match(/:(\d+)@(\d+)\S* myself/) ?? [];
    return ["127.0.0.1", myself[1] ?? "", myself[2] ?? ""];
  };
  for (let node = 0; node < count; node++) {
    if (node < masters) {
      const from = Math.floor((node * SLOTS) / masters);
      const to = Math.floor(((node + 1) * SLOTS) / masters) - 1;
      await command(node, "CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    }
    await command(node, "CLUSTER", "SET-CONFIG-EPOCH", String(node + 1));
    if (node > 0) await command(0, "CLUSTER", "MEET", ...(await busOf(node)));
  }
  const agreed = (state: string): boolean =>
    state.includes("cluster_state:ok") && state.includes(`cluster_known_nodes:${count}`);
  await until(async () => {
    const nodes = Array.from({ length: count }, async (_, node) => command(node, "CLUSTER", "INFO"));
    return (await Promise.all(nodes)).every(agreed);
  });
}

async function follow(replica: number, master: number, command: Command): Promise<void> {
  const id = /[0-9a-f]{40}/.exec(await command(master, "CLUSTER", "MYID"))?.[0] ?? "";
  await command(replica, "CLUSTER", "REPLICATE", id);
  await until(async () => (await command(replica, "INFO", "replication")).includes("master_link_status:up"));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < AGREE_WITHIN_MS; waitedMs += POLL_MS) {
    if (await holds()) return;
    await delay(POLL_MS);
  }
  throw new Error(`The nodes of the test cluster did not agree within ${AGREE_WITHIN_MS} ms`);
}
