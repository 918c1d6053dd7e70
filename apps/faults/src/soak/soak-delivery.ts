import { Judge, type Verdict } from "../judge.ts";
import { readLedgers } from "../ledger.ts";
import { isDeduplicated, isDoomed, kindOf, type JobKind } from "./soak-job.ts";

/** What became of the jobs. */
export interface Delivery {
  readonly verdict: Omit<Verdict, "examples">;
  /** Acknowledged jobs of each kind. */
  readonly kinds: Readonly<Partial<Record<JobKind, number>>>;
  /** Jobs that were handed in twice and that the queue knew the second time. */
  readonly deduplicated: number;
  /** Jobs that had to become dead letters, and that did. */
  readonly doomed: number;
  readonly lettered: number;
  /** Letters of jobs that were not to have one, and effects of jobs that were to have a letter. */
  readonly misjudged: number;
}

/** The lease of a worker that is not told otherwise. */
const LEASE_MS = 30_000;

export async function judgeDelivery(
  ledgers: readonly string[],
  counters: { readonly stored: number; readonly ended: number },
): Promise<Delivery> {
  const judge = new Judge({ leaseMs: LEASE_MS, counters });
  const kinds: Partial<Record<JobKind, number>> = {};
  let [deduplicated, doomed, lettered, misjudged] = [0, 0, 0, 0];
  for await (const event of readLedgers(ledgers)) {
    judge.add(event);
    if (event.kind === "ack") {
      const kind = kindOf(event.id);
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (isDeduplicated(event.id)) deduplicated++;
      if (isDoomed(event.id)) doomed++;
    }
    if (event.kind === "letter") lettered++;
    if ((event.kind === "letter" && !isDoomed(event.id)) || (event.kind === "effect" && isDoomed(event.id)))
      misjudged++;
  }
  const { examples: _, ...verdict } = judge.verdict();
  return { verdict, kinds, deduplicated, doomed, lettered, misjudged };
}

/** Without a fault nothing may happen twice either: every job that was tried is acknowledged and ended once, as its kind says. */
export function isExact({ verdict, doomed, lettered, misjudged }: Delivery): boolean {
  const { attempted, acknowledged, ok, deadLettered } = verdict;
  const { lost, unexpected, recovered, duplicated, staleRefused, staleAccepted } = verdict;
  return (
    acknowledged > 0 &&
    attempted === acknowledged &&
    ok === acknowledged - doomed &&
    deadLettered === doomed &&
    lettered === doomed &&
    misjudged + lost + unexpected + recovered + duplicated + staleRefused + staleAccepted === 0
  );
}
