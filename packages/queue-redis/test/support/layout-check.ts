import type { RedisConnection } from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";

/** What the scripts keep up to date in `meta` instead of counting. */
interface Layout {
  readonly mixed: number;
  readonly flying: number;
  readonly singles: number;
  readonly tombs: number;
  /** Entries with a time before `due`: they would be found too late. */
  readonly before: readonly string[];
}

/** What one partition keeps, and the same counted from its keys. */
export interface LayoutCheck {
  readonly kept: Layout;
  readonly counted: Layout;
}

export async function checkLayout(
  connection: RedisConnection,
  queue: string,
  partition: number,
): Promise<LayoutCheck> {
  const keys = partitionKeys(connection.settings.prefix, queue, partition);
  const ask = async (command: string, key: string, ...rest: string[]): Promise<string[]> => {
    const reply = (await connection.commands.send(key, [command, key, ...rest])) as (string | null)[];
    return reply.map((each) => each ?? "0");
  };
  const names = ["mixed", "flying", "singles", "tombs", "due"];
  const [mixed, flying, singles, tombs, due = "0"] = await ask("HMGET", keys.meta, ...names);
  const timed = [keys.delayed, keys.leases, keys.dedupDue];
  const before = timed.map(async (key) => ask("ZRANGEBYSCORE", key, "-inf", `(${due}`));
  const lists = [keys.high, keys.normal, keys.low].map(async (key) => ask("LRANGE", key, "0", "-1"));
  const [high = [], normal = [], low = []] = await Promise.all(lists);
  const fields = (await ask("HKEYS", keys.batches)).filter((field) => field.endsWith("f"));
  const flags = fields.length === 0 ? [] : await ask("HMGET", keys.batches, ...fields);
  const leases = await ask("ZRANGE", keys.leases, "0", "-1");
  const buried = await ask("HVALS", keys.tombs);
  return {
    kept: {
      mixed: Number(mixed),
      flying: Number(flying),
      singles: Number(singles),
      tombs: Number(tombs),
      before: (await Promise.all(before)).flat(),
    },
    counted: {
      mixed: high.length + low.length + normal.filter((entry) => /^[*!]/.test(entry)).length,
      flying: flags.join("").replaceAll("-", "").length,
      singles: leases.filter((member) => member.includes("~")).length,
      tombs:
        buried.reduce((sum, each) => sum + Number(each), 0) +
        [...high, ...normal, ...low].filter((entry) => entry === "-").length,
      before: [],
    },
  };
}
