import { setTimeout as delay } from "node:timers/promises";

import { trace } from "@opentelemetry/api";

/** What providers have beside the API: the proxy that the API puts before an SDK's, and the SDK's own word. */
interface ProviderWords {
  readonly getDelegate?: () => object;
  readonly forceFlush?: () => Promise<void>;
}

/**
 * Lets an exporter send what it still holds, where one was switched on: the process is about to end. Never rejects, and
 * takes at most `deadlineMs`.
 */
export async function flushSpans(deadlineMs: number): Promise<void> {
  const proxy = trace.getTracerProvider() as ProviderWords;
  const sdk = (proxy.getDelegate?.() ?? proxy) as ProviderWords;
  if (sdk.forceFlush === undefined) return;
  await Promise.race([sdk.forceFlush().catch(() => {}), delay(deadlineMs, undefined, { ref: false })]);
}
