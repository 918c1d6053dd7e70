// A process that purges the poison letters over and over, until it is killed.
import { writeSync } from "node:fs";
import { FileDeadLetterStore } from "../../src/index.ts";

const [path = ""] = process.argv.slice(2);
const store = new FileDeadLetterStore({ path });
writeSync(1, "ready\n");
for (;;) {
  await store.purge({ reasons: ["poison"] });
}
