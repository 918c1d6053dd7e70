import { element } from "./dom.js";

let made = 0;

/**
 * Opens a dialog above the page. The browser keeps the focus in it, ends it at Escape, and gives the focus back.
 *
 * @param {string} title
 * @param {readonly Node[]} body
 * @param {{ wide?: boolean }} [options]
 * @returns {{ dialog: HTMLDialogElement, content: HTMLElement, close: () => void }} `content` holds the body
 */
export function openDialog(title, body, { wide = false } = {}) {
  made += 1;
  const titleId = `dialog-${made}`;
  const content = element("div", { class: "dialog-body" }, ...body);
  const dialog = element("dialog", { "aria-labelledby": titleId, class: wide ? "wide" : undefined });
  const close = () => dialog.close();
  const closeButton = element(
    "button",
    { type: "button", class: "button close", "aria-label": "Close", onclick: close },
    "✕",
  );
  dialog.append(
    element("div", { class: "dialog-head" }, element("h2", { id: titleId }, title), closeButton),
    content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, content, close };
}

/**
 * The row of buttons at the end of a dialog.
 *
 * @param {...HTMLElement} buttons
 */
export function dialogButtons(...buttons) {
  return element("div", { class: "dialog-buttons" }, ...buttons);
}

/**
 * What went wrong, said at once to a screen reader too.
 *
 * @param {unknown} error
 */
export function problem(error) {
  return element(
    "p",
    { class: "output", role: "alert" },
    error instanceof Error ? error.message : String(error),
  );
}
