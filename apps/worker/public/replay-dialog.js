/** @import { DryRun, LetterFilter } from "../src/cockpit/cockpit-state.ts" */
import { act } from "./api.js";
import { dialogButtons, openDialog, problem } from "./dialog.js";
import { element } from "./dom.js";
import { bytes, counted } from "./format.js";
import { reasonTable } from "./reason-table.js";

/**
 * A dry run, and from there the replay itself; how far it comes is shown above the letters.
 *
 * @param {LetterFilter} filter
 * @throws {ApiError} as a dry run
 */
export async function openReplay(filter) {
  const answer = await act("dry-run", { action: "replay", filter });
  const { count, bytes: size, byReason, target } = /** @type {DryRun} */ (answer);
  if (count === 0) {
    openDialog("Dry run: nothing to replay", [
      element(
        "p",
        {},
        `No letter that matches was meant for ${target}, where this service can send letters.`,
      ),
    ]);
    return;
  }
  const trouble = element("div");
  const rate = element("input", {
    type: "number",
    name: "rate",
    min: "1",
    max: "1000000",
    placeholder: "no limit",
  });
  const start = element("button", { class: "button primary" }, `Replay ${counted(count, "letter")}`);
  const form = element(
    "form",
    {},
    element(
      "p",
      {},
      `${counted(count, "letter")}, ${bytes(size)}, would go back to `,
      element("code", {}, target),
      ". Nothing has been sent yet. A letter counts as replayed once the queue has taken it.",
    ),
    reasonTable(byReason),
    element("label", {}, "At most, in letters a second", rate),
    trouble,
    dialogButtons(start),
  );
  const { close } = openDialog("Dry run", [form]);
  start.focus();
  const run = async () => {
    start.disabled = true;
    try {
      await act("replay", { filter, ...(rate.value !== "" && { ratePerSecond: Number(rate.value) }) });
      close();
    } catch (error) {
      start.disabled = false;
      trouble.replaceChildren(problem(error));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
}
