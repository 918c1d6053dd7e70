import { ratePerSecond, type Scenario } from "../scenario.ts";
import { inFlight, postgresSides } from "./postgres-sides.ts";

const TEXT = "select $1::int as n";

/** One small query after the other by `count` callers, against taking a client from `pg.Pool` and giving it back by hand. */
export function queryScenario(count: number, n: number): Scenario {
  return {
    title: `Queries with ${count} in flight, pre-ping on`,
    unit: "queries/s",
    better: "higher",
    referenceName: "pg connect, query, release",
    bar: 0.95,
    n,
    quickN: n,
    // Many short runs: on a shared machine the speed drifts within seconds.
    pairs: 25,
    // Both sides are compiled after some ten thousand calls, not before.
    warmups: 8,
    peers: ["pg"],
    async open(runs) {
      return postgresSides("select 1", {
        ours: async ({ adapter }) =>
          ratePerSecond(runs, async () =>
            inFlight(runs, count, async (index) => check(index, await adapter.query<Row>(TEXT, [index]))),
          ),
        reference: async ({ pool }) =>
          ratePerSecond(runs, async () =>
            inFlight(runs, count, async (index) => {
              const client = await pool.connect();
              try {
                check(index, await client.query<Row>(TEXT, [index]));
              } finally {
                client.release();
              }
            }),
          ),
      });
    },
  };
}

interface Row {
  readonly n: number;
}

function check(index: number, { rows }: { readonly rows: readonly Row[] }): void {
  if (rows[0]?.n !== index) throw new Error(`asked for ${index}, got ${JSON.stringify(rows)}`);
}
