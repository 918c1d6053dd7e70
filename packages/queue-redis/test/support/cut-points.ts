import { silentLogger } from "@chimera/dlq";
import { TcpProxy } from "@chimera/test-services";
import { RedisConnection } from "../../src/index.ts";

/** Rounds at a time. */
const AT_ONCE = 8;

/** One try with one reply cut at one place, and what a case needs for it. */
export interface CutRound {
  /** Tells this round's queue from the others. */
  readonly number: number;
  /** Through the proxy that cuts. */
  readonly connection: RedisConnection;
  /** From now on replies count: the first one is cut, or noted while no place is known yet. */
  readonly arm: () => void;
  /** Whether all that matters of the reply got through: without its last byte a reply says everything already. */
  readonly whole: boolean;
}

/** A proxy that cuts, and what is connected through it; used by one round after another. */
interface Rig {
  readonly proxy: TcpProxy;
  readonly connection: RedisConnection;
}

/**
 * Runs a case once with its reply whole, to learn its length, and then once with the connection ended before each of its
 * bytes. @returns how many places those were.
 */
export async function atEveryByte(url: string, run: (round: CutRound) => Promise<void>): Promise<number> {
  const rigs = await Promise.all(Array.from({ length: AT_ONCE }, async () => openRig(url)));
  const inRig = async (number: number, keepBytes: number | undefined): Promise<number> => {
    const rig = rigs.pop() as Rig;
    try {
      return await oneRound(rig, number, keepBytes, run);
    } finally {
      rigs.push(rig);
    }
  };
  try {
    const length = await inRig(0, undefined);
    const places = Array.from({ length }, (_, keepBytes) => keepBytes);
    await inParallel(places, async (keepBytes) => void (await inRig(keepBytes + 1, keepBytes)));
    return length;
  } finally {
    for (const { connection } of rigs) connection.close();
    await Promise.all(rigs.map(async ({ proxy }) => proxy.stop()));
  }
}

/** Calls `run` for each item, some at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  });
  await Promise.all(lanes);
}

async function openRig(url: string): Promise<Rig> {
  const proxy = await TcpProxy.start(url);
  return { proxy, connection: new RedisConnection({ url: proxy.through(url), logger: silentLogger }) };
}

async function oneRound(
  { proxy, connection }: Rig,
  number: number,
  keepBytes: number | undefined,
  run: (round: CutRound) => Promise<void>,
): Promise<number> {
  let length = 0;
  const round: CutRound = {
    number,
    connection,
    get whole() {
      return keepBytes === undefined || keepBytes >= length - 1;
    },
    arm() {
      proxy.rules.onReply = (chunk) => {
        if (length > 0) return "forward";
        length = chunk.length;
        return keepBytes === undefined ? "forward" : { cutAfterBytes: Math.min(keepBytes, chunk.length) };
      };
    },
  };
  try {
    await run(round);
  } finally {
    delete proxy.rules.onReply;
  }
  if (length === 0) throw new Error(`round ${number}: no reply came to be cut`);
  return length;
}
