// A process that appends without an end and notes in a file of its own what was acknowledged, until it is killed.
import { randomInt, randomUUID } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { FileDeadLetterStore } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";

const APPENDERS = 20;
const [path = "", rotateBytes = "", acknowledgedPath = ""] = process.argv.slice(2);
const acknowledged = openSync(acknowledgedPath, "a");
const store = new FileDeadLetterStore({ path, rotateBytes: Number(rotateBytes) });

/** Mostly ordinary letters, and now and then one so large that a kill can tear its write. */
function payload(): string {
  return JSON.stringify("x".repeat(randomInt(100) === 0 ? randomInt(2_000_000) : randomInt(1_000)));
}

async function appendForEver(): Promise<never> {
  for (;;) {
    const id = randomUUID();
    // One in four is for the process that purges.
    const reason = randomInt(4) === 0 ? "poison" : "exhausted";
    await store.append([sampleLetter({ id, reason, payload: payload() })]);
    if (reason === "poison") continue;
    writeSync(acknowledged, `${id}\n`);
    if (isFirst) writeSync(1, "acknowledged\n");
    isFirst = false;
  }
}

let isFirst = true;
writeSync(1, "ready\n");
await Promise.all(Array.from({ length: APPENDERS }, appendForEver));
