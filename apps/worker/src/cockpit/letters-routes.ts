import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";

import { readingRefusalOf } from "./admin-guard.ts";
import type { Cockpit } from "./cockpit.ts";
import { pageQuerySchema, requestIssues } from "./filter-schema.ts";
import { letterPage } from "./letter-page.ts";
import { refuse } from "./refuse.ts";

/** Readings of the whole store at a time: each costs as much as the store is large. */
const MAX_READINGS = 4;
const oneQuerySchema = z.strictObject({ id: z.string().min(1).max(512) });

/**
 * `GET /api/dead-letters`: a page of letters that match, the newest first, without their payloads.
 * `GET /api/dead-letters/one?id=`: one letter in full, whatever its state, for whoever knows the admin token; where
 * there is none, on this machine.
 */
export function addLettersRoutes(http: FastifyInstance, { service, adminToken }: Cockpit): void {
  const { deadLetters } = service;
  let readings = 0;

  const reading = async (
    reply: FastifyReply,
    read: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<FastifyReply> => {
    if (readings >= MAX_READINGS) {
      return reply
        .code(503)
        .header("retry-after", "1")
        .send({ error: "Others are reading the dead letters" });
    }
    const left = new AbortController();
    // Nobody is there any more to whom the answer could go.
    reply.raw.once("close", () => left.abort());
    readings += 1;
    try {
      return await reply.send(await read(left.signal));
    } catch (error) {
      if (!left.signal.aborted) throw error;
      void reply.hijack();
      return await reply;
    } finally {
      readings -= 1;
    }
  };

  http.get("/api/dead-letters", async (request, reply) => {
    const query = pageQuerySchema.safeParse(request.query);
    if (!query.success) return reply.code(400).send({ error: requestIssues(query.error) });
    return reading(reply, async (signal) => letterPage(deadLetters, query.data, signal));
  });

  http.get("/api/dead-letters/one", async (request, reply) => {
    const { ip, hostname, headers } = request;
    const refusal = readingRefusalOf(adminToken, { ip, hostname, authorization: headers.authorization });
    if (refusal !== undefined) return refuse(reply, refusal);
    const query = oneQuerySchema.safeParse(request.query);
    if (!query.success) return reply.code(400).send({ error: requestIssues(query.error) });
    return reading(reply, async (signal) => {
      const filter = { ids: [query.data.id], state: "any" } as const;
      for await (const { letter, state } of deadLetters.list(filter, { signal })) return { ...letter, state };
      void reply.code(404);
      return { error: "There is no such letter: it was purged or withdrawn" };
    });
  });
}
