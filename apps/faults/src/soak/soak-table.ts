import type { Flatness } from "./flatness.ts";
import { endedByItself, type SoakResult } from "./soak-result.ts";

/** What was measured, line by line: for the README and for a terminal. */
export function soakTable(result: SoakResult): string {
  const head = ["figure", "mean, first half", "mean, second half", "rise over the second half", "allowed"];
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...result.flatness.map(row),
    "",
    summary(result),
  ].join("\n");
}

function row({ name, unit, firstMean, secondMean, rise, allowed, flat }: Flatness): string {
  const figure = unit === "bytes" ? mebibytes : count;
  return line([
    name,
    figure(firstMean),
    figure(secondMean),
    `${figure(rise)}${flat ? "" : " **NOT FLAT**"}`,
    figure(allowed),
  ]);
}

function summary(result: SoakResult): string {
  const { plan, delivery, drained, gone, ends, version, server, machine, startedAt } = result;
  const { attempted, acknowledged, ok, lost, unexpected, duplicated } = delivery.verdict;
  const kinds = Object.entries(delivery.kinds).map(([kind, jobs]) => `${kind} ${whole(jobs)}`);
  const stayed = ends
    .filter((end) => !endedByItself(end))
    .map(({ name, left }) => `${name} (${left.join(", ")})`);
  return [
    `- ${whole(attempted)} jobs tried, ${whole(acknowledged)} acknowledged (${kinds.join(", ")}): ${whole(ok)} done, ${whole(delivery.lettered)} of ${whole(delivery.doomed)} given up with a dead letter, ${whole(delivery.deduplicated)} known when they were handed in again; lost ${lost}, unexpected ${unexpected}, done twice ${duplicated}; ${drained ? "drained" : "NOT drained"}.`,
    `- Processes that ended before they were told: ${gone}; that did not end by themselves within two seconds of their \`close\`: ${stayed.length === 0 ? 0 : stayed.join(", ")}.`,
    `- ${plan.minutes} minutes at ${plan.ratePerSecond} jobs/s, ${plan.producers} producer and ${plan.workers} workers; RedisQueue ${version}, ${server}, Node ${machine["node"]}, ${machine["cpus"]} cores, ${startedAt.slice(0, 10)}.`,
  ].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function whole(value: number): string {
  return value.toLocaleString("en-US");
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(2)} MiB`;
}

function count(value: number): string {
  return value.toFixed(1);
}
