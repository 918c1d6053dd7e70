// A worker in a process of its own, made to be killed, stopped and lied to. Its server comes from the environment.
// Arguments: the queue, the ledger, and how long a handler works in ms. One line of the ledger is one write, so that a SIGKILL loses none.
import { openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { MemoryDeadLetterStore, silentLogger } from "@chimera/dlq";
import { RedisQueue } from "../../src/index.ts";
import { LEASE_MS } from "./effects.ts";

const PING_EVERY_MS = 100;

const [name = "", ledger = "", workMs] = process.argv.slice(2);
const file = openSync(ledger, "a");
/** No patched `Date` moves it. */
const now = (): number => Math.round(performance.timeOrigin + performance.now());
const note = (...words: (string | number)[]): void => void writeSync(file, `${words.join(" ")}\n`);

const queue = RedisQueue.fromEnv<number>(name, process.env, { logger: silentLogger });
queue.process(
  async (_, job) => {
    note("start", now(), job.id, job.fence);
    await delay(Number(workMs));
    note("effect", now(), job.id, job.fence);
  },
  { deadLetters: new MemoryDeadLetterStore(), concurrency: 10, leaseMs: LEASE_MS },
);
process.once("SIGTERM", () => void queue.close({ deadlineMs: 5_000 }).then(() => process.exit(0)));

for (;;) {
  const state = await queue.ping().then(
    () => "ready",
    () => "unready",
  );
  note(state, now());
  await delay(PING_EVERY_MS);
}
