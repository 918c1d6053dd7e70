import { localProcess, pQueue } from "../local/process-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = localProcess(pQueue, 10, {
  title: "jobs enqueued and processed in memory, 10 handlers at a time",
  referenceName: "p-queue with JSON",
  bar: 2,
  peers: ["p-queue"],
});
