/** @import { LetterRow } from "../src/cockpit/cockpit-state.ts" */
import { element, setText, time } from "./dom.js";
import { ago, count } from "./format.js";
import { explainReason } from "./reasons.js";

/** @typedef {{ open: (row: LetterRow) => void, ticked: () => void }} LetterTableListener */

/**
 * Letters as rows that can be ticked and opened. The roles are said once more in full, because on a narrow screen the
 * rows are laid out as cards, which would take them away.
 */
export class LetterTable {
  #listener;
  /** @type {Map<string, { row: HTMLTableRowElement, when: HTMLTimeElement, tick: HTMLInputElement }>} */
  #rows = new Map();
  #body = element("tbody", { role: "rowgroup" });
  #all = element("input", { type: "checkbox", "aria-label": "Tick every letter shown" });
  table;

  /** @param {LetterTableListener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#all.addEventListener("change", () => {
      for (const { tick } of this.#rows.values()) tick.checked = this.#all.checked;
      this.#listener.ticked();
    });
    const head = ["Given up", "Reason", "What went wrong", "Tries"].map((title) =>
      element("th", { role: "columnheader", scope: "col" }, title),
    );
    this.table = element(
      "table",
      { role: "table", "aria-labelledby": "letters-title" },
      element(
        "thead",
        { role: "rowgroup" },
        element(
          "tr",
          { role: "row" },
          element("th", { role: "columnheader", scope: "col" }, this.#all),
          ...head,
        ),
      ),
      this.#body,
    );
  }

  /** The ids of the letters that are ticked. */
  get ticked() {
    return [...this.#rows]
      .filter(([, { tick }]) => tick.checked)
      .map(([, { row }]) => row.dataset["id"] ?? "");
  }

  /**
   * @param {readonly LetterRow[]} letters
   * @param {number} nowMs
   */
  showRows(letters, nowMs) {
    const before = this.#rows;
    this.#rows = new Map(
      letters.map((letter) => {
        // A letter that came back is another one: it has failed for another reason, and nobody has ticked it.
        const key = `${letter.id} ${letter.ts} ${letter.state}`;
        return [key, before.get(key) ?? this.#rowOf(letter)];
      }),
    );
    this.#body.replaceChildren(...[...this.#rows.values()].map(({ row }) => row));
    this.#showAll();
    this.showAges(nowMs);
  }

  /** @param {number} nowMs */
  showAges(nowMs) {
    for (const { when } of this.#rows.values()) setText(when, ago(when.dateTime, nowMs));
  }

  #showAll() {
    const ticked = this.ticked.length;
    this.#all.checked = ticked > 0 && ticked === this.#rows.size;
    this.#all.indeterminate = ticked > 0 && ticked < this.#rows.size;
  }

  /** @param {LetterRow} letter */
  #rowOf(letter) {
    const { id, ts, reason, code, message, attempts, replays, state, source } = letter;
    const when = time(ts, "");
    const onTick = () => {
      this.#showAll();
      this.#listener.ticked();
    };
    const tick = element("input", {
      type: "checkbox",
      "aria-label": `Tick ${jobOf(letter)}`,
      onchange: onTick,
    });
    const open = element(
      "button",
      { type: "button", class: "link", onclick: () => this.#listener.open(letter) },
      message,
    );
    const details = [jobOf(letter), source, ...(code === undefined ? [] : [code])].join(" · ");
    const tries = replays === 0 ? count(attempts) : `${count(attempts)}, replayed ${count(replays)}×`;
    const row = element(
      "tr",
      { role: "row", "data-id": id },
      element("td", { role: "cell", class: "tick" }, tick),
      element("td", { role: "cell", class: "when" }, when),
      element(
        "td",
        { role: "cell", class: "reason" },
        element("span", { class: "pill", title: explainReason(reason) }, reason),
        ...(state === "replayed" ? [" ", element("span", { class: "pill done" }, "replayed")] : []),
      ),
      element("td", { role: "cell", class: "message" }, open, element("span", { class: "details" }, details)),
      element("td", { role: "cell", class: "tries", "data-label": "tries " }, tries),
    );
    return { row, when, tick };
  }
}

/**
 * What a person knows a letter by: a queue's letters are named queue, job and moment.
 *
 * @param {Pick<LetterRow, "id" | "source">} letter
 */
export function jobOf({ id, source }) {
  return id.startsWith(`${source}:`) ? id.slice(source.length + 1).replace(/:\d+$/, "") : id;
}
