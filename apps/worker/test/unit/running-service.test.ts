import { silentLogger } from "@chimera/dlq";
import type { Worker, WorkerStatus } from "@chimera/queue-core";
import { expect, it } from "vitest";

import { RunningService } from "../../src/running-service.ts";
import type { Reasons } from "../../src/running-service.ts";
import type { Service } from "../../src/service.ts";

const AT_WORK: WorkerStatus = {
  state: "running",
  running: 0,
  fetched: 0,
  unsettled: 0,
  backendOutageMs: 0,
  lastFetchAgoMs: 4_000,
  deadLettersFailing: false,
};

/** Why a service is not ready whose servers all answer and whose worker stands like this. */
async function reasons(status: Partial<WorkerStatus>, paused = false): Promise<Reasons> {
  const service = {
    queue: { ping: async () => {}, metrics: async () => Promise.resolve({ paused }) },
    queueChoice: { kind: "local", fellBack: false },
    deadLetters: { ping: async () => {} },
    postgres: { health: async () => Promise.resolve({ status: "pass", latencyMs: 1 }) },
    clickhouse: {
      health: async () =>
        Promise.resolve({ status: "pass", latencyMs: 1, servers: [], alarms: [], warnings: [] }),
    },
    prepare: async () => {},
    work: () => ({ status: { ...AT_WORK, ...status } }) as Worker,
    close: async () => {},
  };
  let running: RunningService | undefined;
  await new Promise<Worker>((resolve) => {
    running = new RunningService(service as unknown as Service, silentLogger, resolve);
  });
  return running?.reasonsNotReady() ?? [];
}

it("is ready while its worker fetches, waits at most some seconds, or has its hands full", async () => {
  expect(await reasons({})).toEqual([]);
  expect(await reasons({ running: 3, lastFetchAgoMs: 60_000 })).toEqual([]);
});

it("is not ready while its fetch loop stands still, though every server answers", async () => {
  expect(await reasons({ lastFetchAgoMs: 16_000 })).toEqual(["the worker has fetched nothing for 16 s"]);
  expect(await reasons({ running: 3, backendOutageMs: 20_000, lastFetchAgoMs: 21_000 })).toEqual([
    "the worker has fetched nothing for 21 s",
  ]);
});

it("takes a queue that somebody paused for no standstill", async () => {
  expect(await reasons({ lastFetchAgoMs: 60_000 }, true)).toEqual([]);
});

it("is not ready while dead letters cannot be stored", async () => {
  expect(await reasons({ deadLettersFailing: true })).toEqual(["dead letters cannot be stored"]);
});
