import { createTraceState, isSpanContextValid, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { Context, SpanContext } from "@opentelemetry/api";

/** Version, trace id, parent id and flags; behind them what a later version than 00 may add (W3C Trace Context, 3.2). */
const TRACEPARENT = /^(?!ff)(?<version>[\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?<more>-.*)?$/;

/** The flags that are defined: sampled, and trace ids that are random (level 2). */
const KNOWN_FLAGS = 0b11;

/** The trace of whoever wrote `traceparent` among these headers; no trace where there is none that is valid. */
export function traceOf(headers: Readonly<Record<string, unknown>>): Context {
  const parent = spanContextOf(headers["traceparent"], headers["tracestate"]);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** The headers that hand a trace on; none where there is no trace. */
export function traceHeaders(context: Context): Readonly<Record<string, string>> {
  const span = trace.getSpanContext(context);
  if (span === undefined || !isSpanContextValid(span)) return {};
  const { traceId, spanId, traceFlags, traceState } = span;
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  const tracestate = traceState?.serialize() ?? "";
  return tracestate === "" ? { traceparent } : { traceparent, tracestate };
}

function spanContextOf(traceparent: unknown, tracestate: unknown): SpanContext | undefined {
  const match = typeof traceparent === "string" ? TRACEPARENT.exec(traceparent) : null;
  if (match === null) return undefined;
  const { version, more } = match.groups ?? {};
  if (version === "00" && more !== undefined) return undefined;
  const [, , traceId = "", spanId = "", flags = ""] = match;
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & KNOWN_FLAGS, isRemote: true };
  // A valid one is not all zeros.
  if (!isSpanContextValid(span)) return undefined;
  return typeof tracestate === "string" ? { ...span, traceState: createTraceState(tracestate) } : span;
}
