import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { flatnessOf, type Flatness, type Series } from "./flatness.ts";
import { isExact, type Delivery } from "./soak-delivery.ts";
import type { ProcessEnd, ProcessSample } from "./memory-samples.ts";
import type { ServerSample } from "./server-samples.ts";
import type { SoakPlan } from "./soak-plan.ts";

const RESULT = new URL("../../results/soak.json", import.meta.url);

/** One process of the load. */
export interface ProcessReport extends ProcessEnd {
  readonly name: string;
}

/** A soak as it is written down. */
export interface SoakResult {
  readonly plan: SoakPlan;
  readonly startedAt: string;
  readonly version: string;
  readonly packagesTree?: string;
  readonly server: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly delivery: Delivery;
  readonly drained: boolean;
  /** Processes that ended before they were told. */
  readonly gone: number;
  readonly flatness: readonly Flatness[];
  readonly ends: readonly ProcessReport[];
  readonly sound: boolean;
  readonly samples: Readonly<Record<string, readonly (ProcessSample | ServerSample)[]>>;
}

/** A process that was closed has to be gone this soon. */
const END_MS = 2_000;

/** Ended by itself, soon after everything was closed, held by nothing. */
export function endedByItself({ closedAt, endedAt, left }: ProcessEnd): boolean {
  return closedAt !== undefined && endedAt !== undefined && left.length === 0 && endedAt - closedAt <= END_MS;
}

/** Everything that has to stay what it is. */
export function seriesOf(
  processes: Readonly<Record<string, readonly ProcessSample[]>>,
  server: readonly ServerSample[],
): Series[] {
  const perProcess = Object.entries(processes).flatMap(([name, samples]): Series[] => [
    { name: `${name}: heap`, unit: "bytes", points: samples.map(({ at, heapBytes }) => [at, heapBytes]) },
    { name: `${name}: RSS`, unit: "bytes", points: samples.map(({ at, rssBytes }) => [at, rssBytes]) },
    { name: `${name}: handles`, unit: "count", points: samples.map(({ at, handles }) => [at, handles]) },
  ]);
  return [
    ...perProcess,
    { name: "Redis: used memory", unit: "bytes", points: server.map(({ at, usedBytes }) => [at, usedBytes]) },
    { name: "Redis: keys", unit: "count", points: server.map(({ at, keys }) => [at, keys]) },
    { name: "Redis: clients", unit: "count", points: server.map(({ at, clients }) => [at, clients]) },
  ];
}

/** Judges what was measured. */
export function soakResult(
  measured: Omit<SoakResult, "flatness" | "sound">,
  series: readonly Series[],
): SoakResult {
  const flatness = series.map(flatnessOf);
  const { delivery, drained, gone, ends } = measured;
  const sound =
    isExact(delivery) &&
    drained &&
    gone === 0 &&
    ends.every(endedByItself) &&
    flatness.every(({ flat }) => flat);
  const { samples, ...head } = measured;
  return { ...head, flatness, sound, samples };
}

export function writtenSoak(): SoakResult | undefined {
  return existsSync(RESULT) ? (JSON.parse(readFileSync(RESULT, "utf8")) as SoakResult) : undefined;
}

/** One line a series of samples, so that the head stays readable. */
export function writeSoak(result: SoakResult): void {
  mkdirSync(new URL(".", RESULT), { recursive: true });
  const { samples, ...head } = result;
  const lines = Object.entries(samples).map(
    ([name, values]) => `    ${JSON.stringify(name)}: ${JSON.stringify(values)}`,
  );
  writeFileSync(
    RESULT,
    `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "samples": {\n${lines.join(",\n")}\n  }\n}\n`,
  );
}
