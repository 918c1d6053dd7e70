import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";

import { traceHeaders, traceOf } from "../../src/tracing/trace-headers.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

describe("the trace of a caller", () => {
  it("is read from its headers", () => {
    expect(trace.getSpanContext(traceOf({ traceparent: TRACEPARENT }))).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      isRemote: true,
    });
  });

  it.each([
    [{ traceparent: TRACEPARENT }],
    [{ traceparent: `00-${TRACE}-${SPAN}-00` }],
    [{ traceparent: `00-${TRACE}-${SPAN}-03`, tracestate: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7" }],
  ])("is handed on as it came: %j", (headers) => {
    expect(traceHeaders(traceOf(headers))).toEqual(headers);
  });

  it("of a later version is read as far as it is known, and handed on as version 00", () => {
    const later = { traceparent: `cc-${TRACE}-${SPAN}-ff-what-the-future-holds` };
    expect(traceHeaders(traceOf(later))).toEqual({ traceparent: `00-${TRACE}-${SPAN}-03` });
  });

  it("leaves out a state that is none", () => {
    const headers = { traceparent: TRACEPARENT, tracestate: "not a state" };
    expect(traceHeaders(traceOf(headers))).toEqual({ traceparent: TRACEPARENT });
  });

  it.each([
    ["no header", undefined],
    ["nothing", ""],
    ["text", "from a friend"],
    ["capitals", TRACEPARENT.toUpperCase()],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["the forbidden version", `ff-${TRACE}-${SPAN}-01`],
    ["version 00 and more", `${TRACEPARENT}-more`],
    ["a later version and more without a dash", `cc-${TRACE}-${SPAN}-01more`],
    ["an id too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["two of them", `${TRACEPARENT}, ${TRACEPARENT}`],
    ["two lines", `${TRACEPARENT}\n${TRACEPARENT}`],
    ["a list", [TRACEPARENT]],
  ])("is ignored when the header is %s", (_what, traceparent) => {
    expect(traceOf({ traceparent })).toBe(ROOT_CONTEXT);
    expect(traceHeaders(traceOf({ traceparent }))).toEqual({});
  });
});
