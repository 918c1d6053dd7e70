import type { JobContext } from "@chimera/queue-core";
import { SpanKind } from "@opentelemetry/api";

import type { SpanDescription } from "./in-span.ts";

/** A request's events on their way into the queue. (OpenTelemetry's conventions for messaging and for databases name all of these.) */
export function sendSpan(queue: string, count: number): SpanDescription {
  return {
    name: `send ${queue}`,
    kind: SpanKind.PRODUCER,
    attributes: {
      ...messaging(queue, "send"),
      "messaging.batch.message_count": count,
    },
  };
}

/** One delivery of a job, from the handler's start to its end. */
export function processSpan(queue: string, { id, deliveryCount }: JobContext): SpanDescription {
  return {
    name: `process ${queue}`,
    kind: SpanKind.CONSUMER,
    attributes: {
      ...messaging(queue, "process"),
      "messaging.message.id": id,
      "chimera.delivery_count": deliveryCount,
    },
  };
}

/** A quake on its way into a table; in ClickHouse the wait for its batch is a part of it. */
export function storeSpan(system: "postgresql" | "clickhouse", table: string): SpanDescription {
  return {
    name: `INSERT ${table}`,
    kind: SpanKind.CLIENT,
    attributes: {
      "db.system.name": system,
      "db.operation.name": "INSERT",
      "db.collection.name": table,
    },
  };
}

function messaging(queue: string, operation: "send" | "process"): SpanDescription["attributes"] {
  return {
    "messaging.system": "chimera",
    "messaging.destination.name": queue,
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
  };
}
