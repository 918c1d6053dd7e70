import { fastqPromise, localProcess } from "../local/process-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = localProcess(fastqPromise, 10, {
  title: "jobs enqueued and processed in memory, 10 handlers at a time",
  referenceName: "fastq with JSON",
  bar: 1.2,
  peers: ["fastq"],
});
