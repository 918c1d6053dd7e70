import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ledgerTime, type LedgerWriter } from "./ledger.ts";
import type { CampaignProducer } from "./systems/queue-system.ts";

const BATCH_EVERY_MS = 50;
/** Batches under way at once: an outage must not pile up what it would have produced. */
const MAX_OPEN = 40;

/** Hands jobs in at a steady rate until `signal` aborts and the last answers are there, and keeps the ledger of what was acknowledged. */
export async function produceSteadily(
  producer: CampaignProducer,
  ledger: LedgerWriter,
  { ratePerSecond, signal }: { readonly ratePerSecond: number; readonly signal: AbortSignal },
): Promise<void> {
  const send = async (count: number): Promise<void> => {
    const ids = Array.from({ length: count }, () => randomUUID());
    const triedAt = ledgerTime();
    ledger.write(ids.map((id) => ({ kind: "try", id, at: triedAt })));
    const acknowledged = await producer.enqueue(ids).catch(() => []);
    const at = ledgerTime();
    ledger.write(
      ids.filter((_, index) => acknowledged[index] === true).map((id) => ({ kind: "ack", id, at })),
    );
  };
  const open = new Set<Promise<void>>();
  const startedAt = ledgerTime();
  let produced = 0;
  while (!signal.aborted) {
    const owed = Math.floor(((ledgerTime() - startedAt) / 1000) * ratePerSecond) - produced;
    if (owed > 0 && open.size < MAX_OPEN) {
      const count = Math.min(owed, ratePerSecond);
      produced += count;
      const sent = send(count);
      open.add(sent);
      void sent.finally(() => open.delete(sent));
    }
    await delay(BATCH_EVERY_MS);
  }
  await Promise.all(open);
}
