/** @import { CockpitState, QueueState } from "../src/cockpit/cockpit-state.ts" */
import { byId, setText } from "./dom.js";
import { count, duration } from "./format.js";

const KEPT_BY = {
  memory: "jobs live in memory",
  os: "jobs survive the process",
  fsync: "jobs survive a power cut",
  server: "jobs are kept by the server",
};

/**
 * What a person wants to know first, in one sentence; and the counters behind it.
 *
 * @param {CockpitState} state
 */
export function showHeadline({ queue, workers }) {
  const headline = byId("headline", HTMLElement);
  const { level, text } = sentence(queue, workers.length > 0);
  headline.dataset["level"] = level;
  setText(headline, text);
  if (queue === null) return;
  const kept = KEPT_BY[/** @type {keyof typeof KEPT_BY} */ (queue.durability)] ?? queue.durability;
  setText(byId("queue-name", HTMLElement), `${queue.name} · ${queue.kind} · ${kept}`);
  const totals = {
    enqueued: queue.enqueued,
    done: queue.processed,
    retried: queue.retried,
    "dead-lettered": queue.deadLettered,
    reclaimed: queue.reclaimed,
    delayed: queue.delayed,
  };
  const told = Object.entries(totals).map(([name, value]) => `${count(value)} ${name}`);
  setText(byId("totals", HTMLElement), told.join(" · "));
}

/**
 * Nothing is known any more: what was last heard must not look like now.
 *
 * @param {number} atMs - when it was heard
 */
export function showSilence(atMs) {
  const headline = byId("headline", HTMLElement);
  headline.dataset["level"] = "unknown";
  setText(
    headline,
    `No news since ${new Date(atMs).toLocaleTimeString("en-GB")}: the service does not answer`,
  );
}

/**
 * @param {QueueState | null} queue
 * @param {boolean} hasWorker
 * @returns {{ level: "ok" | "warn" | "bad", text: string }}
 */
function sentence(queue, hasWorker) {
  if (queue === null) return { level: "bad", text: "The queue does not answer" };
  if (queue.paused) return { level: "warn", text: "Paused: nothing is handed out until it is resumed" };
  const wait = `a new job waits about ${duration(wholeSeconds(queue.estimatedDelayMs))}`;
  if (queue.pressure === "critical") return { level: "bad", text: `Far behind: ${wait}` };
  if (queue.pressure === "high") return { level: "warn", text: `Falling behind: ${wait}` };
  if (!hasWorker) return { level: "warn", text: "No worker runs in this process" };
  if (queue.estimatedDelayMs >= 1_000) return { level: "ok", text: `Keeping up: ${wait}` };
  return { level: "ok", text: "Keeping up: jobs are handed out at once" };
}

/**
 * An estimate is not more exact than that.
 *
 * @param {number} ms
 */
function wholeSeconds(ms) {
  return ms < 1_000 ? ms : Math.round(ms / 1_000) * 1_000;
}
