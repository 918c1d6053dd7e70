import { errorCode, errorMessage, isRetryable, redactText } from "@chimera/dlq";
import type { Queue } from "@chimera/queue-core";
import { context, trace } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import type { FastifyInstance } from "fastify";

import { correctedQuakeSchema, explain } from "../quakes/quake.ts";
import type { RunningService } from "../running-service.ts";
import { inSpan } from "../tracing/in-span.ts";
import { sendSpan } from "../tracing/quake-spans.ts";
import { traceHeaders, traceOf } from "../tracing/trace-headers.ts";
import { isDeeperThan } from "./is-deeper-than.ts";

/** What is wrong with one event of a request. */
interface Refused {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly error: string;
}

/** The form of a job's id; an event's id becomes one. */
const JOB_ID = /^[\w.:-]{1,128}$/;
const MAX_EVENTS = 10_000;
const MAX_LEVELS = 32;
const MIN_RETRY_AFTER_S = 1;

/**
 * `POST /jobs`: one event, an array of events, or one a line (NDJSON). All or none: with any event refused, none is
 * enqueued. 202 means that the queue has them all. Under the same ids a request may be sent again without harm.
 */
export function addJobsRoute(http: FastifyInstance, running: RunningService): void {
  http.addContentTypeParser("application/x-ndjson", { parseAs: "string" }, (_request, body, done) => {
    try {
      const lines = body
        .toString()
        .split("\n")
        .filter((line) => line.trim() !== "");
      done(
        null,
        lines.map((line) => JSON.parse(line) as unknown),
      );
    } catch {
      done(Object.assign(new Error("The body is not one JSON value a line"), { statusCode: 400 }));
    }
  });

  http.post("/jobs", async (request, reply) => {
    const answer = running.stopping
      ? SHUTTING_DOWN
      : await take(request.body, running.service.queue, callersTrace(request.headers));
    if (answer.retryAfterS !== undefined) void reply.header("retry-after", String(answer.retryAfterS));
    return reply.code(answer.code).send(answer.body);
  });
}

/** What a request is answered. */
interface Answer {
  readonly code: number;
  readonly retryAfterS?: number;
  readonly body: object;
}

/** An instrumentation of the HTTP server has opened a span by now; without one the caller's headers say. */
function callersTrace(headers: Readonly<Record<string, unknown>>): Context {
  const active = context.active();
  return trace.getSpan(active) === undefined ? traceOf(headers) : active;
}

const SHUTTING_DOWN: Answer = {
  code: 503,
  retryAfterS: MIN_RETRY_AFTER_S,
  body: { error: "The service is shutting down" },
};

async function take(body: unknown, queue: Queue, parent: Context): Promise<Answer> {
  const events = Array.isArray(body) ? (body as unknown[]) : [body];
  if (events.length === 0 || events.length > MAX_EVENTS) {
    return { code: 400, body: { error: `Expected 1 to ${MAX_EVENTS} events, got ${events.length}` } };
  }
  const refused = events.flatMap((event, index) => refusalOf(event, index));
  if (refused.length > 0) return { code: 400, body: { error: "Some events are not as expected", refused } };
  return enqueue(events as readonly { readonly id: string }[], queue, parent);
}

function refusalOf(event: unknown, index: number): Refused[] {
  // The schema looks only at what it knows; the queue would have to write all of it.
  if (isDeeperThan(event, MAX_LEVELS)) {
    return [{ index, error: `expected at most ${MAX_LEVELS} levels of nesting` }];
  }
  const quake = correctedQuakeSchema.safeParse(event);
  if (!quake.success) return [{ index, error: explain(quake.error, event) }];
  if (JOB_ID.test(quake.data.id)) return [];
  return [{ index, error: "id: expected 1 to 128 letters, digits, or any of . _ : -" }];
}

async function enqueue(
  events: readonly { readonly id: string }[],
  queue: Queue,
  parent: Context,
): Promise<Answer> {
  try {
    const { level, estimatedDelayMs } = await queue.pressure();
    if (level === "critical") return tooMany(estimatedDelayMs);
    const ids = await inSpan(sendSpan(queue.name, events.length), parent, async (within) => {
      const headers = traceHeaders(within);
      return Promise.all(events.map(async (event) => queue.enqueue(event, { id: event.id, headers })));
    });
    return { code: 202, body: { accepted: ids.length, ids } };
  } catch (error) {
    // It closed while the request was under way.
    if (errorCode(error) === "QUEUE_CLOSED") return SHUTTING_DOWN;
    if (!isRetryable(error)) throw error;
    if (errorCode(error) === "QUEUE_FULL") return tooMany(0);
    const body = { error: `The queue cannot take jobs: ${redactText(errorMessage(error))}` };
    return { code: 503, retryAfterS: MIN_RETRY_AFTER_S, body };
  }
}

/** Asks the producer to come back when about half of the backlog should be gone. */
function tooMany(delayMs: number): Answer {
  const retryAfterS = Math.max(MIN_RETRY_AFTER_S, Math.ceil(delayMs / 2_000));
  const body = { error: "Consumers are behind; the same request may be sent again later" };
  return { code: 429, retryAfterS, body };
}
