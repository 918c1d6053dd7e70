import { ApiError, checkToken, hasToken, setToken } from "./api.js";
import { dialogButtons, openDialog, problem } from "./dialog.js";
import { element, notice } from "./dom.js";

/**
 * Does something that the token is needed for, asking for the token first where it is not known, and again where it
 * was the wrong one. What goes wrong is told.
 *
 * @param {() => Promise<void>} action
 * @param {{ needsToken?: boolean }} [options]
 */
export function attempt(action, { needsToken = true } = {}) {
  withToken(action, needsToken).catch((/** @type {unknown} */ error) => {
    notice(error instanceof Error ? error.message : String(error), "bad");
  });
}

/**
 * @param {() => Promise<void>} action
 * @param {boolean} needsToken
 */
async function withToken(action, needsToken) {
  if (needsToken && !hasToken() && !(await askForToken())) return;
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    setToken("");
    if (await askForToken(error)) await action();
  }
}

/**
 * Asks until the token is the right one; answers `false` when the person gave up.
 *
 * @param {unknown} [earlier] - why they are asked again
 * @returns {Promise<boolean>}
 */
export async function askForToken(earlier) {
  const trouble = element("div", {}, ...(earlier === undefined ? [] : [problem(earlier)]));
  const input = element("input", {
    type: "password",
    name: "token",
    required: true,
    autocomplete: "current-password",
    spellcheck: "false",
  });
  const form = element(
    "form",
    {},
    element(
      "p",
      {},
      "Changing something, and seeing a letter in full, needs the value of ",
      element("code", {}, "CHIMERA_ADMIN_TOKEN"),
      ". It stays in the memory of this page and is forgotten when the page is closed.",
    ),
    element("label", {}, "Token", input),
    trouble,
    dialogButtons(element("button", { class: "button primary" }, "Unlock")),
  );
  const { dialog, close } = openDialog("Unlock", [form]);
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(hasToken()));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      setToken(input.value);
      checkToken().then(close, (/** @type {unknown} */ error) => {
        setToken("");
        trouble.replaceChildren(problem(error));
        input.select();
      });
    });
  });
}
