import { inFlight, postgresSides } from "../postgres/postgres-sides.ts";
import { ratePerSecond, type Scenario } from "../scenario.ts";

const TEXT = "insert into taken values (1)";
const IN_FLIGHT = 10;

/** The code under which each side reports a unique violation. */
async function refused(call: Promise<unknown>): Promise<void> {
  let code: unknown;
  try {
    await call;
  } catch (error) {
    const { sqlState, code: own } = error as { sqlState?: unknown; code?: unknown };
    code = sqlState ?? own;
  }
  if (code !== "23505") throw new Error(`expected a unique violation, got ${String(code)}`);
}

export const scenario: Scenario = {
  title: "Inserts that violate a unique constraint, 10 in flight",
  unit: "queries/s",
  better: "higher",
  referenceName: "pg pool.query",
  bar: 15,
  n: 1_500,
  quickN: 500,
  peers: ["pg"],
  async open(n) {
    return postgresSides("create table taken (id int primary key); insert into taken values (1)", {
      ours: async ({ adapter }) =>
        ratePerSecond(n, async () => inFlight(n, IN_FLIGHT, async () => refused(adapter.query(TEXT)))),
      reference: async ({ pool }) =>
        ratePerSecond(n, async () => inFlight(n, IN_FLIGHT, async () => refused(pool.query(TEXT)))),
    });
  },
};
