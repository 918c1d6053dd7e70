/** @import { WorkerState } from "../src/cockpit/cockpit-state.ts" */
import { byId, element } from "./dom.js";
import { count, duration } from "./format.js";

const TONES = { running: "pass", paused: "warn", closing: "warn", closed: "fail" };

let shown = "";

/**
 * The workers of this process, and what is wrong with one.
 *
 * @param {readonly WorkerState[]} workers
 */
export function showWorkers(workers) {
  const now = JSON.stringify(workers.map(figures));
  if (now === shown) return;
  shown = now;
  const nobody = element(
    "p",
    { class: "empty" },
    "No worker runs yet: it starts once the databases have answered.",
  );
  byId("workers", HTMLElement).replaceChildren(
    ...(workers.length === 0 ? [nobody] : workers.map(workerBlock)),
  );
}

/** @param {WorkerState} worker */
function figures({
  state,
  running,
  fetched,
  unsettled,
  lastFetchAgoMs,
  backendOutageMs,
  deadLettersFailing,
}) {
  return {
    state,
    rows: [
      ["handlers running", count(running)],
      ["fetched, not started", count(fetched)],
      ["settlements under way", count(unsettled)],
      ["last fetch", lastFetchAgoMs < 2_000 ? "just now" : `${duration(wholeSeconds(lastFetchAgoMs))} ago`],
    ],
    alarms: [
      ...(backendOutageMs > 0 ? [`The queue has not answered for ${duration(backendOutageMs)}`] : []),
      ...(deadLettersFailing ? ["Dead letters cannot be stored: their jobs are tried again"] : []),
    ],
  };
}

/** @param {WorkerState} worker */
function workerBlock(worker) {
  const { state, rows, alarms } = figures(worker);
  return element(
    "div",
    { class: "worker" },
    element("p", {}, element("span", { class: "status", "data-status": TONES[state] }, state)),
    element(
      "dl",
      { class: "pairs" },
      ...rows.map(([name = "", value = ""]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value)),
      ),
    ),
    ...alarms.map((alarm) => element("p", { class: "output" }, alarm)),
  );
}

/** @param {number} ms */
function wholeSeconds(ms) {
  return Math.floor(ms / 1_000) * 1_000;
}
