// Appends letters one by one, each as large as a file may become, and says when each was acknowledged.
import { writeSync } from "node:fs";
import { FileDeadLetterStore, silentLogger } from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";

const LETTERS = 3;
const ROTATE_BYTES = 4_096;
const [path = ""] = process.argv.slice(2);
await using store = new FileDeadLetterStore({ path, rotateBytes: ROTATE_BYTES, logger: silentLogger });
for (let at = 0; at < LETTERS; at++) {
  await store.append([sampleLetter({ id: `${at}`, payload: JSON.stringify("x".repeat(ROTATE_BYTES)) })]);
  writeSync(1, "acknowledged\n");
}
