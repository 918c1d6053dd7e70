import { redactText } from "@chimera/dlq";
import type { Logger } from "@chimera/dlq";
import { fastify } from "fastify";
import type { FastifyError, FastifyInstance } from "fastify";

import type { Cockpit } from "../cockpit/cockpit.ts";
import { addCockpitRoutes } from "../cockpit/cockpit-routes.ts";
import type { ServiceMetrics } from "../metrics/service-metrics.ts";
import type { RunningService } from "../running-service.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addJobsRoute } from "./jobs-route.ts";

/** What the server is made of. */
export interface HttpServerParts {
  readonly running: RunningService;
  readonly metrics: ServiceMetrics;
  readonly cockpit: Cockpit;
  readonly logger: Logger;
  /** Largest request in bytes. */
  readonly maxBodyBytes: number;
}

/** A client that takes longer than this to send its headers, or its whole request, is cut off. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 10_000;
const MAX_CONNECTIONS = 2_000;

/** The service's HTTP interface. Listening is the caller's. */
export function createHttpServer({
  running,
  metrics,
  cockpit,
  logger,
  maxBodyBytes,
}: HttpServerParts): FastifyInstance {
  const http = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
  });
  http.server.maxConnections = MAX_CONNECTIONS;
  addHealthRoutes(http, running);
  addJobsRoute(http, running);
  addCockpitRoutes(http, cockpit);
  http.get("/metrics", async (_request, reply) => {
    void reply.type(metrics.contentType);
    return metrics.expose();
  });
  http.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ error: "There is nothing here" }),
  );
  http.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const code = error.statusCode ?? 500;
    if (code < 500) return reply.code(code).send({ error: redactText(error.message) });
    // What went wrong inside is for the log; a stranger learns only that it did.
    logger.error("http.failed", {
      method: request.method,
      route: request.routeOptions.url,
      message: redactText(error.message),
    });
    return reply.code(500).send({ error: "Something went wrong inside" });
  });
  return http;
}
