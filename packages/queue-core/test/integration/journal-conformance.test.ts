import { ManualClock } from "@chimera/dlq/testing";
import { silentLogger } from "@chimera/dlq";
import { describe, expect, onTestFinished, test } from "vitest";
import { conformanceCases, type ConformanceFixture } from "../../src/conformance/index.ts";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { QueueBackend } from "../../src/protocol.ts";
import { JournalFolders } from "../support/journal-folder.ts";

/** The local queue with its journal, and a restart that leaves it nothing but what is in its files. */
function newFixture(durability: "fsync" | "os"): ConformanceFixture {
  const folders = new JournalFolders();
  onTestFinished(() => folders[Symbol.dispose]());
  const clock = new ManualClock();
  const directories = new Map<QueueBackend, string>();
  const open = (directory: string, maxDepth?: number): QueueBackend => {
    const journal = { directory, durability };
    const backend = new LocalBackend("conformance", {
      clock,
      journal,
      logger: silentLogger,
      ...(maxDepth !== undefined && { maxDepth }),
    });
    directories.set(backend, directory);
    return backend;
  };
  return {
    clockStandsStill: true,
    createBackend: async ({ maxDepth } = {}) => open(folders.fresh(), maxDepth),
    createPeer: async (backend) => backend,
    advanceClock: async (durationMs) => clock.advance(durationMs),
    restartServer: async (backend) => open(folders.afterKill(directories.get(backend) ?? "")),
  };
}

describe.for(["os", "fsync"] as const)("LocalBackend with a journal, durability %s", (durability) => {
  test.for([...conformanceCases])("rule $rule: $name", async ({ run }, context) => {
    const outcome = await run(newFixture(durability));
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});
