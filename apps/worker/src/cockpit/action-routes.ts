import { errorCode, errorMessage, isRetryable, redactText } from "@chimera/dlq";
import type { DeadLetterFilter } from "@chimera/dlq";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";

import { refusalOf } from "./admin-guard.ts";
import type { Cockpit } from "./cockpit.ts";
import { filterSchema, requestIssues } from "./filter-schema.ts";
import { refuse } from "./refuse.ts";

const dryRunSchema = z.strictObject({ action: z.enum(["replay", "purge"]), filter: filterSchema });
const replaySchema = z.strictObject({
  filter: filterSchema,
  ratePerSecond: z.number().min(0.1).max(1_000_000).optional(),
});
const purgeSchema = z.strictObject({
  /** With `until`: what is given up after the person has looked is not what they agreed to. */
  filter: filterSchema.refine(
    ({ until }) => until !== undefined,
    "expected `until`, as a dry run answers it",
  ),
  /** How many letters the person has agreed to. */
  count: z.int().min(1),
});

/**
 * What changes something, under `/api/actions/`. All of it needs the admin token: without one in the settings 403,
 * without it in the request 401. Each is logged.
 */
export function addActionRoutes(http: FastifyInstance, cockpit: Cockpit): void {
  void http.register(async (actions) => {
    actions.addHook("onRequest", async (request, reply) => {
      const refusal = refusalOf(cockpit.adminToken, request.headers.authorization);
      if (refusal === undefined) return undefined;
      cockpit.logger.warn("cockpit.refused", { route: request.routeOptions.url, code: refusal.code });
      return refuse(reply, refusal);
    });
    // Lets a page find out whether its token is the right one.
    actions.get("/api/actions", async () => ({ allowed: true }));
    addLetterActions(actions, cockpit);
    addQueueActions(actions, cockpit);
  });
}

function addLetterActions(http: FastifyInstance, cockpit: Cockpit): void {
  const { deadLetters, source } = cockpit.service;
  const { logger, replays } = cockpit;

  /** Counts, and answers the filter that was counted by: for a purge with an end, so that it means the same later. */
  http.post("/api/actions/dry-run", async (request, reply) => {
    const order = dryRunSchema.safeParse(request.body);
    if (!order.success) return reply.code(400).send({ error: requestIssues(order.error) });
    const { action, filter } = order.data;
    const now = new Date().toISOString();
    const meant = action === "replay" ? { ...filter, target: source } : { until: now, ...filter };
    const { count, bytes, byReason } = await deadLetters.stats(meant);
    return { count, bytes, byReason, target: source, filter: meant };
  });

  http.post("/api/actions/replay", async (request, reply) => {
    const order = replaySchema.safeParse(request.body);
    if (!order.success) return reply.code(400).send({ error: requestIssues(order.error) });
    // Letters that were meant for somewhere else are not for this queue.
    const filter: DeadLetterFilter = { ...order.data.filter, target: source };
    const { ratePerSecond } = order.data;
    if ((await replays.start({ filter, ratePerSecond })) === "busy") return busy(reply);
    logger.info("cockpit.replay_started", { filter, ratePerSecond });
    return reply.code(202).send({ replay: replays.state });
  });

  http.post("/api/actions/stop-replay", async () => ({ stopped: replays.stop() }));

  http.post("/api/actions/purge", async (request, reply) => {
    const order = purgeSchema.safeParse(request.body);
    if (!order.success) return reply.code(400).send({ error: requestIssues(order.error) });
    if (replays.state?.status === "running") return busy(reply);
    const { filter, count: agreed } = order.data;
    try {
      const { count } = await deadLetters.stats(filter);
      if (count !== agreed) {
        const error = `Expected ${agreed} letters, found ${count}: look again`;
        return await reply.code(409).send({ code: "COUNT_CHANGED", error, count });
      }
      const purged = await deadLetters.purge(filter);
      cockpit.lettersChanged();
      logger.info("cockpit.purged", { filter, purged });
      return { purged };
    } catch (error) {
      if (!isRetryable(error)) throw error;
      const code = errorCode(error);
      const message = redactText(errorMessage(error));
      return reply.code(code === "DLQ_LOCKED" ? 409 : 503).send({ code, error: message });
    }
  });
}

function addQueueActions(http: FastifyInstance, { service, logger }: Cockpit): void {
  for (const action of ["pause", "resume"] as const) {
    http.post(`/api/actions/${action}`, async (_request, reply) => {
      const { admin } = service.queue;
      if (admin === undefined) return reply.code(501).send({ error: "This queue cannot be paused" });
      try {
        await admin[action]();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        return reply.code(503).send({ code: errorCode(error), error: redactText(errorMessage(error)) });
      }
      logger.info(`cockpit.${action}d`, { queue: service.queue.name });
      return { paused: action === "pause" };
    });
  }
}

async function busy(reply: FastifyReply): Promise<FastifyReply> {
  return reply.code(409).send({ code: "REPLAY_UNDER_WAY", error: "A replay is under way: wait or stop it" });
}
