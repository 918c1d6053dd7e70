import { element } from "./dom.js";
import { count } from "./format.js";

/**
 * Letters by reason, the most first.
 *
 * @param {Readonly<Record<string, number>>} byReason
 */
export function reasonTable(byReason) {
  const rows = Object.entries(byReason).toSorted(([, one], [, other]) => other - one);
  return element(
    "table",
    { class: "plain" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "Reason"),
        element("th", { scope: "col" }, "Letters"),
      ),
    ),
    element(
      "tbody",
      {},
      ...rows.map(([reason, letters]) =>
        element("tr", {}, element("th", { scope: "row" }, reason), element("td", {}, count(letters))),
      ),
    ),
  );
}
