import type { FastifyReply } from "fastify";

import type { Refusal } from "./admin-guard.ts";

/** Answers why not. */
export async function refuse(reply: FastifyReply, { statusCode, ...body }: Refusal): Promise<FastifyReply> {
  if (statusCode === 401) void reply.header("www-authenticate", 'Bearer realm="chimera"');
  return reply.code(statusCode).send(body);
}
