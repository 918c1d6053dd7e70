import { startRedis, type TestService } from "@chimera/test-services";
import { Redis } from "ioredis";
import type { CurveSide } from "../curve.ts";
import type { Sides } from "../scenario.ts";
import type { QueuePeer } from "./queue-peer.ts";

export type NewPeer = (url: string) => QueuePeer;

/** One run over a fresh queue on an emptied server. */
export type PeerRun = (peer: QueuePeer, admin: RedisAdmin) => Promise<number>;

/** What a scenario asks of the server itself. */
export class RedisAdmin {
  readonly url: string;
  readonly #client: Redis;

  constructor(url: string) {
    this.url = url;
    this.#client = new Redis(url);
  }

  async send(command: string, ...words: string[]): Promise<unknown> {
    return this.#client.call(command, ...words);
  }

  /** A number out of INFO. */
  async figure(section: string, name: string): Promise<number> {
    const text = String(await this.send("INFO", section));
    return Number(new RegExp(`^${name}:([0-9.]+)`, "m").exec(text)?.[1] ?? Number.NaN);
  }

  /** Microseconds of CPU that the server has used. */
  async cpuUs(): Promise<number> {
    const user = await this.figure("cpu", "used_cpu_user");
    return (user + (await this.figure("cpu", "used_cpu_sys"))) * 1e6;
  }

  close(): void {
    this.#client.disconnect();
  }
}

/** Two queues on one server, each run on an emptied one. */
export async function redisSides(
  ours: { readonly make: NewPeer; readonly run: PeerRun },
  reference: { readonly make: NewPeer; readonly run: PeerRun },
  config: readonly string[] = [],
): Promise<Sides> {
  const server: TestService = await startRedis({ config });
  const admin = new RedisAdmin(server.url);
  const side = async ({ make, run }: { readonly make: NewPeer; readonly run: PeerRun }): Promise<number> => {
    await admin.send("FLUSHALL");
    const peer = make(server.url);
    try {
      return await run(peer, admin);
    } finally {
      await peer.close();
    }
  };
  return {
    ours: async () => side(ours),
    reference: async () => side(reference),
    async close() {
      admin.close();
      await server.stop();
    },
  };
}

/** The sides of a curve, each rate measured on a fresh queue and an emptied server. */
export async function redisCurve(
  sides: readonly {
    readonly name: string;
    readonly make: NewPeer;
    readonly maxX?: number;
    readonly run: (peer: QueuePeer, x: number) => Promise<number>;
  }[],
): Promise<{ readonly sides: readonly CurveSide[]; close(): Promise<void> }> {
  const server = await startRedis();
  const admin = new RedisAdmin(server.url);
  return {
    sides: sides.map(({ name, make, maxX, run }) => ({
      name,
      ...(maxX !== undefined && { maxX }),
      async rate(x) {
        await admin.send("FLUSHALL");
        const peer = make(server.url);
        try {
          return await run(peer, x);
        } finally {
          await peer.close();
        }
      },
    })),
    async close() {
      admin.close();
      await server.stop();
    },
  };
}
