import { errorCode, errorMessage, redactText } from "@chimera/dlq";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, SpanKind } from "@opentelemetry/api";

/** What a span says of its work. */
export interface SpanDescription {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/**
 * Does `work` in a span under `parent`, and hands it the context in which it runs. A failure is noted, redacted, and
 * thrown on. Where no SDK was registered nothing is recorded, and the context leads to the parent's own span.
 */
export async function inSpan<Result>(
  { name, kind, attributes }: SpanDescription,
  parent: Context,
  work: (within: Context) => Promise<Result>,
): Promise<Result> {
  const span = trace.getTracer("chimera-worker").startSpan(name, { kind, attributes }, parent);
  const within = trace.setSpan(parent, span);
  try {
    // Instrumentations of drivers find their parent in the active context; ours is handed on, for a program without a context manager.
    return await context.with(within, async () => work(within));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(errorMessage(error)) });
    span.setAttribute("error.type", errorCode(error) ?? (error instanceof Error ? error.name : "_OTHER"));
    throw error;
  } finally {
    span.end();
  }
}
