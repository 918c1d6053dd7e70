import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { SqliteBackend } from "../src/sqlite-backend.ts";
import { drivers } from "./drivers.ts";

/** What a signal keeps: its listeners, and what Node 20 to 22 remember of each `AbortSignal.any`. */
function keptBy(signal: AbortSignal): number {
  const name = Object.getOwnPropertySymbols(signal).find((key) => key.description === "kDependantSignals");
  const dependants = name && (Reflect.get(signal, name) as ReadonlySet<unknown> | undefined);
  return getEventListeners(signal, "abort").length + (dependants?.size ?? 0);
}

test.for([...drivers])("waits over $name leave nothing on a signal that lives on", async ({ open }) => {
  const database = open(":memory:");
  const backend = new SqliteBackend("waiting", { database });
  const controller = new AbortController();
  const request = { max: 1, leaseMs: 1_000, signal: controller.signal };
  expect(await backend.dequeue({ ...request, waitMs: 120 })).toEqual([]);
  expect(keptBy(controller.signal)).toBe(0);
  const waiting = backend.dequeue({ ...request, waitMs: 60_000 });
  expect(keptBy(controller.signal)).toBe(1);
  controller.abort();
  expect(await waiting).toEqual([]);
  expect(keptBy(controller.signal)).toBe(0);
  await backend.close();
  database.close();
});
