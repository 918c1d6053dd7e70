// A producer of the campaign: hands jobs in at a steady rate until SIGTERM, and keeps the ledger of what was acknowledged.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ledgerTime, LedgerWriter } from "./ledger.ts";
import { processArguments } from "./process-arguments.ts";
import { systemNamed } from "./systems/catalog.ts";

const BATCH_EVERY_MS = 50;
/** Batches under way at once: an outage must not pile up what it would have produced. */
const MAX_OPEN = 40;

const { system, url, ledger: path, ratePerSecond } = processArguments();
const ledger = new LedgerWriter(path);
const producer = await (await systemNamed(system)).produce(url);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const open = new Set<Promise<void>>();
const startedAt = ledgerTime();
let produced = 0;
while (!stop.signal.aborted) {
  const owed = Math.floor(((ledgerTime() - startedAt) / 1000) * ratePerSecond) - produced;
  if (owed > 0 && open.size < MAX_OPEN) {
    const sent = send(Math.min(owed, ratePerSecond));
    open.add(sent);
    void sent.finally(() => open.delete(sent));
  }
  await delay(BATCH_EVERY_MS);
}
await Promise.all(open);
await producer.close();
process.exit(0);

async function send(count: number): Promise<void> {
  produced += count;
  const ids = Array.from({ length: count }, () => randomUUID());
  const triedAt = ledgerTime();
  ledger.write(ids.map((id) => ({ kind: "try", id, at: triedAt })));
  const acknowledged = await producer.enqueue(ids).catch(() => []);
  const at = ledgerTime();
  ledger.write(ids.filter((_, index) => acknowledged[index] === true).map((id) => ({ kind: "ack", id, at })));
}
