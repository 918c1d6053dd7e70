import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QueueBackend } from "@chimera/queue-core";
import {
  conformanceCases,
  type ConformanceFixture,
  type FixtureBackendOptions,
} from "@chimera/queue-core/conformance";
import { describe, expect, onTestFinished, test } from "vitest";
import { SqliteBackend } from "../src/sqlite-backend.ts";
import { drivers, type Driver } from "./drivers.ts";

/** A file for each queue, a connection for each backend, and a clock that they share. */
function newFixture(open: Driver["open"], clockStandsStill: boolean): ConformanceFixture {
  const folder = mkdtempSync(join(tmpdir(), "chimera-sqlite-"));
  const connections: { close(): void }[] = [];
  onTestFinished(() => {
    for (const connection of connections) connection.close();
    rmSync(folder, { recursive: true });
  });
  const queues = new Map<QueueBackend, { file: string; options: FixtureBackendOptions }>();
  let offsetMs = clockStandsStill ? 1_700_000_000_000 : 0;
  const now = clockStandsStill ? () => offsetMs : () => Date.now() + offsetMs;
  const connect = (file: string, options: FixtureBackendOptions): QueueBackend => {
    const database = open(file);
    connections.push(database);
    const backend = new SqliteBackend("conformance", { ...options, database, now });
    queues.set(backend, { file, options });
    return backend;
  };
  const queueOf = (backend: QueueBackend) => queues.get(backend) ?? { file: "", options: {} };
  return {
    clockStandsStill,
    createBackend: async (options = {}) => connect(join(folder, `${queues.size}.db`), options),
    createPeer: async (backend) => connect(queueOf(backend).file, queueOf(backend).options),
    advanceClock: async (durationMs) => {
      offsetMs += durationMs;
    },
    // What a killed process leaves is its files as they are at that moment.
    restartServer: async (backend) => {
      const { file, options } = queueOf(backend);
      const copy = join(folder, `${queues.size}.db`);
      for (const suffix of ["", "-wal"]) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
      }
      return connect(copy, options);
    },
  };
}

// A clock that stands still tries the exact millisecond; what is promised in real time needs one that runs.
const suites = [
  { clock: "stands still", cases: conformanceCases },
  { clock: "runs", cases: conformanceCases.filter(({ needs }) => needs.includes("a clock that runs")) },
];

describe.for([...drivers])("SqliteBackend over $name", ({ open }) => {
  describe.for(suites)("with a clock that $clock", ({ clock, cases }) => {
    test.for([...cases])("rule $rule: $name", async ({ run }, context) => {
      const outcome = await run(newFixture(open, clock === "stands still"));
      if (outcome !== undefined) context.skip(outcome.skipped);
      expect(outcome).toBeUndefined();
    });
  });
});
