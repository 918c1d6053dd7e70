import { isatty } from "node:tty";

import { Cockpit } from "./cockpit/cockpit.ts";
import { createHttpServer } from "./http/http-server.ts";
import { ServiceMetrics } from "./metrics/service-metrics.ts";
import { createPinoLogger } from "./pino-logger.ts";
import { printedConfig } from "./print-config.ts";
import { recordingEnvironment } from "./recording-environment.ts";
import { RunningService } from "./running-service.ts";
import { checkAddress, readServiceSettings } from "./service-settings.ts";
import { Service } from "./service.ts";
import { SettingsCheck, SettingsError } from "./settings-check.ts";
import { flushSpans } from "./tracing/flush-spans.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Starts the service, which runs until a signal ends it; or shows its settings, for `--print-config`. */
async function main(): Promise<void> {
  const check = new SettingsCheck();
  const { environment, names } = recordingEnvironment(process.env);
  const settings = readServiceSettings(environment, check);
  const logger = createPinoLogger(settings.logLevel, isatty(1));
  const printsConfig = process.argv.includes("--print-config");
  if (!printsConfig) await checkAddress(settings, check);
  const service = await check.attempt(async () =>
    Service.open(environment, { logger, fallBack: !printsConfig }),
  );
  if (service === undefined || check.failed) {
    await service?.close();
    throw check.error();
  }
  if (printsConfig) {
    process.stdout.write(printedConfig(process.env, names));
    await service.close();
    return;
  }
  const metrics = new ServiceMetrics(service);
  const running = new RunningService(service, logger, (worker) => {
    metrics.watch(worker);
    logger.info("worker.started", { queue: service.queue.name, kind: service.queueChoice.kind });
  });
  const { host, port, maxBodyBytes, shutdownMs, adminToken } = settings;
  const cockpit = new Cockpit(running, { logger, adminToken });
  const http = createHttpServer({ running, metrics, cockpit, logger, maxBodyBytes });
  logger.info("http.listening", { url: await http.listen({ host, port }) });

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    logger.info("service.stopping", { signal, withinMs: shutdownMs });
    const startedAt = performance.now();
    // A client that is slow to end its request is not waited for any longer than a job.
    setTimeout(() => http.server.closeAllConnections(), shutdownMs);
    await Promise.all([cockpit.close(shutdownMs), http.close(), running.stop(shutdownMs)]);
    await flushSpans(Math.max(0, shutdownMs - (performance.now() - startedAt)));
    logger.info("service.stopped", { tookMs: Math.round(performance.now() - startedAt) });
    process.exit(0);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // A second one ends at once: what was under way is delivered again when its lease has run out.
    if (running.stopping) process.exit(EXIT_FAILED);
    void stop(signal);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
}

await main().catch((error: unknown) => {
  if (error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
  console.error(error);
  process.exit(EXIT_FAILED);
});
