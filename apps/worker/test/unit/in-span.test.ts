import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, expect, it } from "vitest";

import { inSpan } from "../../src/tracing/in-span.ts";
import type { SpanDescription } from "../../src/tracing/in-span.ts";
import { traceHeaders, traceOf } from "../../src/tracing/trace-headers.ts";

const PARENT = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };

function described(name: string): SpanDescription {
  return { name, kind: SpanKind.INTERNAL, attributes: {} };
}

/** Switches an SDK on for one test. */
function recorded(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  return exporter;
}

afterEach(() => trace.disable());

it("without an SDK work runs as it is, and the caller's trace is handed on", async () => {
  expect(await inSpan(described("a"), traceOf(PARENT), async (within) => traceHeaders(within))).toEqual(
    PARENT,
  );
  expect(await inSpan(described("a"), ROOT_CONTEXT, async (within) => traceHeaders(within))).toEqual({});
});

it("with an SDK spans are children of the context that they were given", async () => {
  const exporter = recorded();
  const handedOn = await inSpan(described("outer"), traceOf(PARENT), async (outer) =>
    inSpan(described("inner"), outer, async (inner) => traceHeaders(inner)),
  );
  const [inner, outer] = exporter.getFinishedSpans();
  expect([inner?.name, outer?.name]).toEqual(["inner", "outer"]);
  expect(outer?.parentSpanContext?.spanId).toBe("00f067aa0ba902b7");
  expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
  expect(handedOn).toEqual({
    traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${inner?.spanContext().spanId}-01`,
  });
});

it("a failure is thrown on, and noted without its secret", async () => {
  const exporter = recorded();
  const failure = Object.assign(new Error("postgres://ada:sesame-7391@host refused"), { code: "PG_DOWN" });
  const work = inSpan(described("failing"), ROOT_CONTEXT, async () => Promise.reject(failure));
  await expect(work).rejects.toBe(failure);
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: "postgres://***@host refused" },
    attributes: { "error.type": "PG_DOWN" },
  });
});
