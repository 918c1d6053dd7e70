import { expect, test } from "vitest";
import { LocalBackend } from "../../../src/local/local-backend.ts";
import { FlakyBackend, ManualClock, sampleDelivery, sampleJob } from "../../../src/testing/index.ts";

const lease = { max: 10, leaseMs: 1_000 };

function newFlaky(): { backend: FlakyBackend; inner: LocalBackend; clock: ManualClock } {
  const clock = new ManualClock();
  const inner = new LocalBackend("flaky", { clock });
  return { backend: new FlakyBackend(inner, { clock }), inner, clock };
}

test("a call that is unavailable never reaches the backend, and the one after does", async () => {
  const { backend, inner } = newFlaky();
  backend.fail("enqueue", { kind: "unavailable" });
  await expect(backend.enqueue([sampleJob()])).rejects.toMatchObject({
    code: "BACKEND_UNAVAILABLE",
    retryable: true,
  });
  expect(await inner.metrics()).toMatchObject({ depth: 0 });
  expect(await backend.enqueue([sampleJob()])).toMatchObject([{ status: "enqueued" }]);
  expect(backend.calls("enqueue")).toBe(2);
});

test("a lost reply is a call that was done", async () => {
  const { backend, inner } = newFlaky();
  await backend.enqueue([sampleJob()]);
  const deliveries = await backend.dequeue(lease);
  backend.fail("settle", { kind: "lost-reply" });
  const settlements = deliveries.map(({ receipt }) => ({ receipt, outcome: "done" as const }));
  await expect(backend.settle(settlements)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  expect(await inner.metrics()).toMatchObject({ processed: 1 });
  expect(await backend.settle(settlements)).toEqual(["stale"]);
});

test("an unknown answer comes per item, and the call was done or not as told", async () => {
  const { backend, inner } = newFlaky();
  backend.fail("enqueue", { kind: "unknown", done: true });
  backend.fail("enqueue", { kind: "unknown", done: false });
  for (const id of ["done", "not-done"]) {
    expect(await backend.enqueue([sampleJob({ id })])).toMatchObject([{ status: "unknown" }]);
  }
  expect(await inner.admin.get("done")).toBeDefined();
  expect(await inner.admin.get("not-done")).toBeUndefined();
});

test("a slow call is done when its time has passed on the clock", async () => {
  const { backend, clock } = newFlaky();
  backend.fail("ping", { kind: "slow", delayMs: 500 }, 2);
  let answered = 0;
  for (let call = 0; call < 2; call++) void backend.ping().then(() => answered++);
  await clock.advance(499);
  expect(answered).toBe(0);
  await clock.advance(1);
  await clock.advance(0);
  expect(answered).toBe(2);
});

test("healing takes back what has not happened, and no verb goes round its fault", async () => {
  const { backend } = newFlaky();
  expect(backend.settleAndDequeue).toBeUndefined();
  backend.fail("ping", { kind: "unavailable" }, Infinity);
  await expect(backend.ping()).rejects.toThrow("A test let `ping` fail: unavailable");
  await expect(backend.ping()).rejects.toThrow("unavailable");
  backend.heal();
  await backend.ping();
  await backend.close();
});

test("a built delivery is the first of a built job, with what was put in", () => {
  const delivery = sampleDelivery({ failures: 3 });
  expect(delivery).toMatchObject({ job: sampleJob(), failures: 3, deliveryCount: 1 });
});
