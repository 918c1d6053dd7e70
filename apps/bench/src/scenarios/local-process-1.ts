import { fastqPromise, localProcess } from "../local/process-sides.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = localProcess(fastqPromise, 1, {
  title: "jobs enqueued and processed in memory, one handler at a time",
  referenceName: "fastq with JSON",
  bar: 1.2,
  peers: ["fastq"],
});
