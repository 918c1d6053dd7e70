import { silentLogger } from "@chimera/dlq";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HistoryPlayer } from "../../src/conformance/history-player.ts";
import { advanceMs, histories } from "../../src/conformance/history.ts";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { EnqueueResult, JobView } from "../../src/protocol.ts";
import { HandClock } from "../property/hand-clock.ts";
import { JournalFolders } from "../support/journal-folder.ts";

const HISTORIES = 150;
const KEYS = ["k1", "k2", "k3"];

/** Everything that a process can learn about a queue, but for who holds which lease. */
async function stateOf(backend: LocalBackend): Promise<unknown> {
  const states = ["ready", "delayed", "in-flight"] as const;
  const pages = await Promise.all(states.map(async (state) => backend.admin.browse({ state, limit: 250 })));
  const [ready, delayed, inFlight] = pages.map(({ jobs }) => jobs);
  const { due: _due, oldestReadyMs: _age, latency: _latency, ...metrics } = await backend.metrics();
  const byId = (left: JobView, right: JobView): number => (left.job.id < right.job.id ? -1 : 1);
  return { ready, delayed, inFlight: inFlight?.toSorted(byId), metrics };
}

/** Which keys are taken, and by whom. */
async function takenKeys(backend: LocalBackend): Promise<EnqueueResult[]> {
  return backend.enqueue(KEYS.map((dedupKey) => ({ id: `probe-${dedupKey}`, body: "", dedupKey })));
}

/** What comes of every job once all leases are over, in no order: how many deliveries it had, and what was made of them. */
async function drained(backend: LocalBackend): Promise<unknown[]> {
  await backend.admin.resume();
  const seen: { readonly id: string }[] = [];
  for (;;) {
    const deliveries = await backend.dequeue({ max: 250, leaseMs: 86_400_000 });
    if (deliveries.length === 0) return seen.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    for (const { job, deliveryCount, failures, suspect, exhausted } of deliveries) {
      const made = { id: job.id, deliveryCount, failures, suspect, exhausted };
      seen.push(made);
    }
  }
}

test(`after a kill at the end of any of ${HISTORIES} histories the journal holds the queue as it was`, async () => {
  using folders = new JournalFolders();
  const property = fc.asyncProperty(histories(fc, 40, true), async ({ maxDepth, steps }) => {
    const directory = folders.fresh();
    const clock = new HandClock();
    const limits = maxDepth === undefined ? {} : { maxDepth };
    const open = (path: string): LocalBackend =>
      new LocalBackend("emails", {
        ...limits,
        clock,
        logger: silentLogger,
        journal: { directory: path, durability: "os" },
      });
    await using before = open(directory);
    const player = new HistoryPlayer(before);
    for (const step of steps) {
      if (step.verb === "advance") clock.advance(advanceMs(step.by));
      else await player.play(step);
    }
    // What an empty dequeue promoted or dropped is written with the next call that is answered for.
    await before.enqueue([]);
    await using after = open(folders.afterKill(directory));
    expect(await stateOf(after)).toEqual(await stateOf(before));
    expect(await takenKeys(after)).toEqual(await takenKeys(before));
    clock.advance(advanceMs(10));
    expect(await drained(after)).toEqual(await drained(before));
  });
  await fc.assert(property, { numRuns: HISTORIES, includeErrorInReport: true });
});
