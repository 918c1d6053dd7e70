import { setTimeout as delay } from "node:timers/promises";

import type { TestService } from "../test-service.ts";
import { askRedis } from "./ask-redis.ts";
import { startRedis } from "./start-redis.ts";

/** What a test wants of its cluster. */
export interface RedisClusterOptions {
  /** Masters that share the slots. @defaultValue 3 */
  readonly masters?: number;
  /** Lines of redis.conf for every node. */
  readonly config?: readonly string[];
}

/** A real Redis Cluster on loopback. */
export interface RedisCluster extends AsyncDisposable {
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
 * Starts masters, gives each an equal share of the slots, and resolves once all agree that the cluster serves.
 *
 * @throws Error when there is no Redis to start, or the nodes do not agree within 30 s.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, config = [] } = options;
  const nodes = await Promise.all(
    Array.from({ length: masters }, async () =>
      startRedis({ config: ["cluster-enabled yes", "cluster-node-timeout 2000", ...config] }),
    ),
  );
  const addresses = nodes.map(({ url }) => ({ host: "127.0.0.1", port: Number(new URL(url).port) }));
  const command = async (node: number, ...words: string[]): Promise<string> =>
    askRedis(addresses[node]?.port ?? 0, words);
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map(async (node) => node.stop())));
  try {
    await join(masters, command);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, addresses, command, stop, [Symbol.asyncDispose]: stop };
}

type Command = (node: number, ...words: string[]) => Promise<string>;

async function join(masters: number, command: Command): Promise<void> {
  const busOf = async (node: number): Promise<readonly string[]> => {
    const myself = (await command(node, "CLUSTER", "NODES")).match(/:(\d+)@(\d+)\S* myself/) ?? [];
    return ["127.0.0.1", myself[1] ?? "", myself[2] ?? ""];
  };
  for (let node = 0; node < masters; node++) {
    const from = Math.floor((node * SLOTS) / masters);
    const to = Math.floor(((node + 1) * SLOTS) / masters) - 1;
    await command(node, "CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    await command(node, "CLUSTER", "SET-CONFIG-EPOCH", String(node + 1));
    if (node > 0) await command(0, "CLUSTER", "MEET", ...(await busOf(node)));
  }
  for (let waitedMs = 0; waitedMs < AGREE_WITHIN_MS; waitedMs += POLL_MS) {
    const states = await Promise.all(
      Array.from({ length: masters }, async (_, node) => command(node, "CLUSTER", "INFO")),
    );
    const agreed = (state: string): boolean =>
      state.includes("cluster_state:ok") && state.includes(`cluster_known_nodes:${masters}`);
    if (states.every(agreed)) return;
    await delay(POLL_MS);
  }
  throw new Error(`The nodes of the test cluster did not agree within ${AGREE_WITHIN_MS} ms`);
}
