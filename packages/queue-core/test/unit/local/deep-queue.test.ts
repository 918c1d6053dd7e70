import { ManualClock } from "@chimera/dlq/testing";
import { expect, test } from "vitest";
import { LocalBackend } from "../../../src/local/local-backend.ts";
import type { Delivery, NewJob } from "../../../src/protocol.ts";

/** Deep enough for jobs to be packed. */
const DEEP = 10_000;

function deepBackend(): { backend: LocalBackend; jobs: NewJob[] } {
  const backend = new LocalBackend("deep");
  const jobs = Array.from({ length: DEEP }, (_, number) => ({
    id: `job-${number}`,
    body: `"${number} ${number % 7 === 0 ? "ü\0\u{1f600}" : ""}"`,
    ...(number % 1_000 === 999 && { headers: { number: String(number) } }),
  }));
  for (const job of jobs) backend.enqueueNow?.({ ...job, fresh: true });
  return { backend, jobs };
}

async function drain(backend: LocalBackend): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const deliveries = await backend.dequeue({ max: 250, leaseMs: 30_000 });
    if (deliveries.length === 0) return all;
    all.push(...deliveries);
  }
}

test("a deep queue delivers every job once, in order, byte for byte", async () => {
  const { backend, jobs } = deepBackend();
  const delivered = await drain(backend);
  expect(delivered.map(({ job }) => [job.id, job.body, job.headers])).toEqual(
    jobs.map(({ id, body, headers }) => [id, body, headers ?? {}]),
  );
  const results = await backend.settle(delivered.map(({ receipt }) => ({ receipt, outcome: "done" })));
  expect(new Set(results)).toEqual(new Set(["ok"]));
});

test("a job in the depth of a queue is found, cancelled and refused a second time by its id", async () => {
  const { backend, jobs } = deepBackend();
  expect(await backend.admin.get("job-7000")).toMatchObject({
    state: "ready",
    job: { body: jobs[7_000]?.body },
  });
  expect(await backend.enqueue([{ id: "job-7001", body: "{}" }])).toEqual([
    { status: "duplicate", id: "job-7001" },
  ]);
  expect(await backend.admin.cancel(["job-7000", "job-7000", "job-9999"])).toEqual([true, false, true]);
  const delivered = await drain(backend);
  expect(delivered.map(({ job }) => job.id)).toEqual(
    jobs.map(({ id }) => id).filter((id) => id !== "job-7000" && id !== "job-9999"),
  );
});

test("jobs in the depth of a queue expire like any other", async () => {
  const clock = new ManualClock();
  const backend = new LocalBackend("expiring", { clock });
  for (let number = 0; number < DEEP; number++) {
    const job = { id: `job-${number}`, body: "{}", fresh: true };
    backend.enqueueNow?.(number % 2 === 0 ? { ...job, expiresInMs: 1 } : job);
  }
  await clock.advance(1);
  const delivered = await drain(backend);
  expect(delivered.map(({ job }) => job.id)).toEqual(
    Array.from({ length: DEEP / 2 }, (_, index) => `job-${index * 2 + 1}`),
  );
});
