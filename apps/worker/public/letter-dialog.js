/** @import { LetterInFull, LetterRow } from "../src/cockpit/cockpit-state.ts" */
import { ApiError, read } from "./api.js";
import { dialogButtons, openDialog, problem } from "./dialog.js";
import { element, notice, time } from "./dom.js";
import { ago, bytes, count } from "./format.js";
import { actOn } from "./actions.js";
import { jobOf } from "./letter-table.js";
import { explainReason } from "./reasons.js";
import { attempt } from "./token-dialog.js";

/**
 * Shows one letter in full, asking for the token first where the service wants it.
 *
 * @param {LetterRow} row
 * @param {number} nowMs
 * @param {{ needsToken: boolean }} options
 */
export function openLetter(row, nowMs, options) {
  attempt(async () => showLetter(row, nowMs), options);
}

/**
 * @param {LetterRow} row
 * @param {number} nowMs
 */
async function showLetter(row, nowMs) {
  const { content, close } = openDialog(jobOf(row), [element("p", { class: "empty" }, "Reading…")], {
    wide: true,
  });
  try {
    const letter = /** @type {LetterInFull} */ (await read("dead-letters/one", { id: row.id }));
    content.replaceChildren(...letterParts(letter, nowMs), buttons(letter, close));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      close();
      throw error;
    }
    content.replaceChildren(problem(error));
  }
}

/**
 * @param {LetterInFull} letter
 * @param {() => void} close
 */
function buttons({ id, state }, close) {
  const meant = { filter: { ids: [id], state }, ticked: 1 };
  const then = (/** @type {"replay" | "purge"} */ action) => () => {
    close();
    actOn(action, meant);
  };
  return dialogButtons(
    element("button", { type: "button", class: "button danger", onclick: then("purge") }, "Purge…"),
    element("button", { type: "button", class: "button primary", onclick: then("replay") }, "Replay…"),
  );
}

/**
 * @param {LetterInFull} letter
 * @param {number} nowMs
 * @returns {Node[]}
 */
function letterParts(letter, nowMs) {
  const { reason, state, message, errors, headers = {}, payload, encoding } = letter;
  const history = errors.map(({ ts, code, message: said }) =>
    element(
      "li",
      {},
      time(ts, new Date(ts).toLocaleString()),
      ...(code === undefined ? [] : [" ", element("code", {}, code)]),
      element("p", {}, said),
    ),
  );
  return [
    element(
      "p",
      {},
      element("span", { class: "pill" }, reason),
      ...(state === "replayed" ? [" ", element("span", { class: "pill done" }, "replayed")] : []),
      ` ${explainReason(reason)}`,
    ),
    element("p", { class: "output" }, message),
    pairs(facts(letter, nowMs)),
    element("h3", {}, "History"),
    history.length === 0
      ? element("p", { class: "empty" }, "No attempt was noted.")
      : element("ol", { class: "history" }, ...history),
    ...(Object.keys(headers).length === 0
      ? []
      : [element("h3", {}, "Headers"), pairs(Object.entries(headers))]),
    element(
      "div",
      { class: "section-head" },
      element("h3", {}, `Payload, ${encoding}, ${bytes(new TextEncoder().encode(payload).length)}`),
      ...copyButton(payload),
    ),
    element("pre", { tabindex: "0", "aria-label": "Payload" }, readable(payload, encoding)),
  ];
}

/**
 * @param {LetterInFull} letter
 * @param {number} nowMs
 * @returns {[string, string | Node][]}
 */
function facts({ id, ts, firstTs, source, target, code, attempts, replays, fence, token }, nowMs) {
  const moment = (/** @type {string} */ at) =>
    time(at, `${new Date(at).toLocaleString()}, ${ago(at, nowMs)}`);
  /** @type {[string, string | Node | undefined][]} */
  const all = [
    ["given up", moment(ts)],
    ["first handed in", moment(firstTs)],
    ["failed tries", count(attempts)],
    ["earlier replays", replays === 0 ? "none" : count(replays)],
    ["code", code],
    ["from", source],
    ["replays to", target],
    ["fence", fence === undefined ? undefined : count(fence)],
    ["token", token],
    ["letter", id],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** @param {readonly (readonly [string, string | Node])[]} rows */
function pairs(rows) {
  return element(
    "dl",
    { class: "pairs" },
    ...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}

/** @param {string} payload */
function copyButton(payload) {
  // Absent where the page did not come over a connection that the browser trusts.
  if (navigator.clipboard === undefined) return [];
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(payload);
      notice("The payload is on the clipboard");
    } catch {
      notice("The browser did not allow it", "bad");
    }
  };
  return [element("button", { type: "button", class: "button", onclick: copy }, "Copy")];
}

/**
 * JSON with line breaks; everything else as it is.
 *
 * @param {string} payload
 * @param {LetterInFull["encoding"]} encoding
 */
function readable(payload, encoding) {
  if (encoding !== "json") return payload;
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
