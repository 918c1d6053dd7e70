/** @import { DryRun, LetterFilter } from "../src/cockpit/cockpit-state.ts" */
import { act } from "./api.js";
import { dialogButtons, openDialog, problem } from "./dialog.js";
import { element, notice } from "./dom.js";
import { bytes, counted } from "./format.js";
import { reasonTable } from "./reason-table.js";

/**
 * Removes letters for good, once the person has written how many. What is given up in the meantime is not among them.
 *
 * @param {LetterFilter} wanted
 * @throws {ApiError} as a dry run
 */
export async function openPurge(wanted) {
  const answer = await act("dry-run", { action: "purge", filter: wanted });
  const { count, bytes: size, byReason, filter } = /** @type {DryRun} */ (answer);
  if (count === 0) {
    openDialog("Nothing to purge", [element("p", {}, "No letter matches any more.")]);
    return;
  }
  const trouble = element("div");
  const confirmation = element("input", {
    name: "count",
    inputmode: "numeric",
    autocomplete: "off",
    required: true,
  });
  const purge = element(
    "button",
    { class: "button danger solid", disabled: true },
    `Purge ${counted(count, "letter")} for good`,
  );
  const form = element(
    "form",
    {},
    element(
      "p",
      {},
      `${counted(count, "letter")}, ${bytes(size)}, would be removed for good. `,
      element("strong", {}, "This cannot be undone: what they hold is lost."),
    ),
    reasonTable(byReason),
    element("label", {}, `Write ${count} to confirm`, confirmation),
    trouble,
    dialogButtons(purge),
  );
  const { close } = openDialog("Purge dead letters", [form]);
  confirmation.focus();
  confirmation.addEventListener("input", () => {
    purge.disabled = confirmation.value.trim() !== String(count);
  });
  const run = async () => {
    purge.disabled = true;
    try {
      const { purged } = /** @type {{ purged: number }} */ (await act("purge", { filter, count }));
      close();
      notice(`${counted(purged, "letter")} removed for good`);
    } catch (error) {
      purge.disabled = false;
      trouble.replaceChildren(problem(error));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
}
