import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { anyWorker, between, type Fault } from "../surroundings.ts";

/** SIGKILL, and the journal ends in the beginning of a write that never was answered, as a power cut leaves it. */
export const tearJournal: Fault = {
  name: "tear-journal",
  scope: "journal",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const victim = await anyWorker(surroundings);
    await surroundings.workers.kill(victim);
    const { random } = surroundings;
    const newest = segmentsIn(victim.url).at(-1);
    if (newest !== undefined) {
      const torn = Array.from({ length: between(random, 1, 400) }, () => Math.floor(random() * 256));
      appendFileSync(newest, Uint8Array.from(torn));
    }
    surroundings.workers.replace(victim);
    return { victim: victim.name };
  },
};

/** Oldest first: their names are numbers of a fixed width. */
function segmentsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".journal"))
    .toSorted()
    .map((file) => join(directory, file));
}
