// A process that appends without an end and says on standard output what was acknowledged, until it is killed.
import { randomInt, randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { FileDeadLetterStore } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";

const APPENDERS = 20;
const [path = "", rotateBytes = ""] = process.argv.slice(2);
const store = new FileDeadLetterStore({ path, rotateBytes: Number(rotateBytes) });

/** Mostly ordinary letters, and now and then one so large that a kill can tear its write. */
function payload(): string {
  return JSON.stringify("x".repeat(randomInt(200) === 0 ? randomInt(1_000_000) : randomInt(1_000)));
}

async function appendForEver(): Promise<never> {
  for (;;) {
    const id = randomUUID();
    // One in four is for the process that purges.
    const reason = randomInt(4) === 0 ? "poison" : "exhausted";
    await store.append([sampleLetter({ id, reason, payload: payload() })]);
    if (reason === "exhausted") writeSync(1, `${id}\n`);
  }
}

writeSync(1, "ready\n");
await Promise.all(Array.from({ length: APPENDERS }, appendForEver));
