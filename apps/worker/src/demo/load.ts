import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import type { PressureOptions, QueueMetrics } from "@chimera/queue-core";

import { correctedQuakeSchema } from "../quakes/quake.ts";
import { Service } from "../service.ts";
import { DemoCockpit } from "./demo-cockpit.ts";
import type { DemoOptions } from "./demo.ts";
import { startEmbeddedParts } from "./embedded-parts.ts";
import { HeldWarnings } from "./held-warnings.ts";
import { loadHead, loadLine, loadRow, loadTally } from "./load-report.ts";
import { PacedProducer } from "./paced-producer.ts";

/** How much, and for how long. */
export interface LoadOptions extends Omit<DemoOptions, "keep" | "stay"> {
  readonly ratePerSecond: number;
  readonly forMs: number;
}

/** Early enough that a run of seconds shows it: the defaults of 10 s and 60 s are for services. */
const PRESSURE: Required<Pick<PressureOptions, "highDelayMs" | "criticalDelayMs">> = {
  highDelayMs: 1_000,
  criticalDelayMs: 3_000,
};
const LEVELS = ["ok", "high", "critical"] as const;
const ROW_MS = 1_000;

/**
 * Offers events faster than they may be stored, shows once a second how the producer heeds the queue's pressure, and then
 * how the backlog goes. Starts clean; with the corrected schema no event is refused.
 *
 * @throws SettingsError for settings to mend; the signal's reason after an early end.
 */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { environment, directory, features, output, ratePerSecond, forMs, signal } = options;
  await using parts = await startEmbeddedParts(environment, directory, true);
  const logger = new HeldWarnings((line) => void process.stderr.write(line));
  await using service = await Service.open(environment, { logger, ...parts.overrides, pressure: PRESSURE });
  await service.assertServing();
  logger.release();
  await service.prepare(true);
  await using cockpit = await DemoCockpit.open(service, environment, logger);
  output.write(`cockpit: ${cockpit.where}\n`);
  output.write(loadHead(ratePerSecond, forMs, PRESSURE));

  const { queue, quakes, events } = service;
  const run = randomUUID();
  const worker = service.work(correctedQuakeSchema, run);
  cockpit.worker = worker;
  const producer = new PacedProducer(queue, features, ratePerSecond);
  let produced = false;
  let endedAt = 0;
  const producing = producer.run(forMs, signal).finally(() => {
    produced = true;
    endedAt = performance.now();
  });
  // Its failure is thrown where it is awaited, after the last row.
  producing.catch(() => {});
  const startedAt = performance.now();
  const start = await queue.metrics();
  let before = { accepted: 0, metrics: start };
  let peak = { depth: 0, level: 0 };
  for (;;) {
    await delay(ROW_MS, undefined, { signal });
    const metrics = await queue.metrics();
    const pressure = await queue.pressure();
    peak = {
      depth: Math.max(peak.depth, metrics.depth),
      level: Math.max(
        peak.level,
        LEVELS.indexOf(producer.pressure?.level ?? "ok"),
        LEVELS.indexOf(pressure.level),
      ),
    };
    const now = { accepted: producer.accepted, metrics };
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    output.write(
      loadRow({
        seconds,
        pace: produced ? 0 : producer.pace,
        accepted: now.accepted - before.accepted,
        done: metrics.processed - before.metrics.processed,
        pressure,
      }),
    );
    before = now;
    if (produced && waiting(metrics) === 0) break;
  }
  const recoveredMs = Math.round(performance.now() - endedAt);
  await producing;
  await worker.close();
  const { ofRun: postgres } = await quakes.count(run);
  const { accepted, refused } = producer;
  output.write(
    loadTally(
      loadLine({
        accepted,
        refused,
        postgres,
        clickhouse: await events.count(),
        deadLettered: before.metrics.deadLettered - start.deadLettered,
        peakDepth: peak.depth,
        peakPressure: LEVELS[peak.level] ?? "ok",
        recoveredMs,
      }),
    ),
  );
}

function waiting({ depth, due, delayed, inFlight }: QueueMetrics): number {
  return depth + due + delayed + inFlight;
}
