/** @import { Fact, PartState } from "../src/cockpit/cockpit-state.ts" */
import { byId, element } from "./dom.js";
import { bytes, count, duration } from "./format.js";

const WORDS = { pass: "serves", warn: "serves, with a warning", fail: "does not serve" };
const NAMES = {
  queue: "Queue",
  postgres: "Postgres",
  clickhouse: "ClickHouse",
  "dead letters": "Dead letters",
};

let shown = "";

/**
 * How each part answered last, and its few figures.
 *
 * @param {readonly PartState[]} parts - empty until they were asked
 */
export function showParts(parts) {
  const now = JSON.stringify(parts);
  if (parts.length === 0 || now === shown) return;
  shown = now;
  byId("parts", HTMLElement).replaceChildren(...parts.map(partItem));
}

/** @param {PartState} part */
function partItem({ name, status, latencyMs, output, facts }) {
  const shownName = NAMES[/** @type {keyof typeof NAMES} */ (name)] ?? name;
  return element(
    "li",
    { class: "part" },
    element("span", { class: "part-name" }, shownName),
    element("span", { class: "status", "data-status": status }, WORDS[status]),
    element("span", { class: "latency" }, status === "fail" ? "" : duration(latencyMs)),
    ...(output === undefined ? [] : [element("p", { class: "output" }, output)]),
    ...(facts.length === 0 ? [] : [element("p", { class: "facts" }, facts.map(factText).join(" · "))]),
  );
}

/** @param {Fact} fact */
function factText({ label, value, unit }) {
  const write = { count, bytes, ms: duration }[unit];
  return `${label} ${write(value)}`;
}
