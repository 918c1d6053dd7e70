/** @import { CockpitState, LetterFilter, LetterPage, LetterPlace, LetterRow } from "../src/cockpit/cockpit-state.ts" */
import { read } from "./api.js";
import { problem } from "./dialog.js";
import { byId, element, setText } from "./dom.js";
import { ago, bytes, counted } from "./format.js";
import { openLetter } from "./letter-dialog.js";
import { LetterTable } from "./letter-table.js";
import { REASONS, reasonsLine } from "./reasons.js";

const PAGE = 50;
/** As many as the service gives at once. */
const MAX_ROWS = 200;
const TYPING_MS = 250;

/**
 * Which letters an action would be about: those that are ticked, else all that match the filter. A search is only a
 * look: with one, letters have to be ticked.
 *
 * @typedef {{ filter: LetterFilter, ticked: number } | undefined} Meant
 */

/** The table of dead letters with its filter. Reads them anew when their number has changed. */
class Letters {
  #form = byId("filter", HTMLFormElement);
  #place = byId("letters", HTMLElement);
  #totals = byId("letters-totals", HTMLElement);
  #more = element(
    "button",
    { type: "button", class: "button", onclick: () => void this.#load(this.#next) },
    "Older letters",
  );
  #table = new LetterTable({
    open: (row) => openLetter(row, this.#nowMs, { needsToken: this.#needsToken }),
    ticked: () => this.onMeantChange(),
  });
  /** @type {LetterRow[]} */
  #rows = [];
  /** @type {LetterPlace | null} */
  #next = null;
  #seen = "";
  /** Where the service has a token, letters in full need it like actions do. */
  #needsToken = false;
  #nowMs = Date.now();
  #reading = new AbortController();
  #typing = 0;

  /** Called when an action would be about other letters than before. */
  onMeantChange = () => {};

  constructor() {
    const reasons = Object.keys(REASONS).map((reason) => element("option", { value: reason }, reason));
    this.#form.querySelector("[name=reason]")?.append(...reasons);
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.reload(), TYPING_MS);
    });
  }

  /** @param {CockpitState} state */
  show({ letters, atMs, actions }) {
    this.#needsToken = actions;
    this.#nowMs = atMs;
    this.#table.showAges(atMs);
    if (letters === null) return;
    const { count, bytes: size, byReason, oldestTs = "", newestTs = "" } = letters;
    const parts =
      count === 0
        ? ["None waits for anybody"]
        : [counted(count, "letter"), bytes(size), `the oldest ${ago(oldestTs, atMs)}`, reasonsLine(byReason)];
    setText(this.#totals, parts.join(" · "));
    const seen = `${count} ${oldestTs} ${newestTs}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.reload();
  }

  /** @returns {Meant} */
  get meant() {
    const { text, filter } = this.#wanted();
    const ids = this.#table.ticked;
    if (ids.length > 0) return { filter: { state: filter.state ?? "dead", ids }, ticked: ids.length };
    return text === "" && this.#rows.length > 0 ? { filter, ticked: 0 } : undefined;
  }

  /** Reads the letters that are shown anew. */
  reload() {
    void this.#load(null);
  }

  /** @returns {{ text: string, filter: LetterFilter }} */
  #wanted() {
    const data = new FormData(this.#form);
    const value = (/** @type {string} */ name) => /** @type {string} */ (data.get(name));
    const state = /** @type {"dead" | "replayed" | "any"} */ (value("state"));
    const reason = value("reason");
    const sinceMs = Number(value("since"));
    return {
      text: value("text").trim(),
      filter: {
        state,
        ...(reason !== "" && { reasons: [reason] }),
        ...(sinceMs > 0 && { since: new Date(this.#nowMs - sinceMs).toISOString() }),
      },
    };
  }

  /** @param {LetterPlace | null} after - the letter behind which to go on; `null` for the newest */
  async #load(after) {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    const { text, filter } = this.#wanted();
    const limit = after === null ? Math.min(MAX_ROWS, Math.max(PAGE, this.#rows.length)) : PAGE;
    const query = {
      state: filter.state ?? "dead",
      limit: String(limit),
      ...(text !== "" && { text }),
      ...(filter.reasons !== undefined && { reason: filter.reasons.join() }),
      ...(filter.since !== undefined && { since: filter.since }),
      ...(after !== null && { beforeTs: after.ts, beforeId: after.id }),
    };
    this.#place.setAttribute("aria-busy", "true");
    try {
      const page = /** @type {LetterPage} */ (await read("dead-letters", query, signal));
      this.#rows = after === null ? [...page.letters] : [...this.#rows, ...page.letters];
      this.#next = page.next;
      this.#render();
    } catch (error) {
      if (!signal.aborted) this.#place.replaceChildren(problem(error));
    }
    if (!signal.aborted) this.#place.setAttribute("aria-busy", "false");
  }

  #render() {
    const focused = document.activeElement;
    this.#table.showRows(this.#rows, this.#nowMs);
    const shown = this.#rows.length === 0 ? [this.#nothing()] : [this.#table.table];
    this.#place.replaceChildren(...shown, ...(this.#next === null ? [] : [this.#more]));
    // An element that was taken out and put back has lost the focus.
    if (focused instanceof HTMLElement && this.#place.contains(focused)) focused.focus();
    this.onMeantChange();
  }

  #nothing() {
    const { text, filter } = this.#wanted();
    if (text === "" && filter.state === "dead" && !filter.reasons && !filter.since) {
      return element(
        "div",
        { class: "empty" },
        element("strong", {}, "No dead letters"),
        element(
          "p",
          {},
          "What fails for good is kept here with its history, until somebody replays or purges it.",
        ),
      );
    }
    const clear = () => {
      this.#form.reset();
      this.reload();
    };
    return element(
      "div",
      { class: "empty" },
      element("strong", {}, "No letter matches"),
      element("button", { type: "button", class: "button", onclick: clear }, "Clear the filter"),
    );
  }
}

export function startLetters() {
  return new Letters();
}
