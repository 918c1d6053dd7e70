/**
 * The element with this id, of the class that the caller expects.
 *
 * @template {HTMLElement} Expected
 * @param {string} id
 * @param {new () => Expected} expected
 * @returns {Expected}
 */
export function byId(id, expected) {
  const found = document.getElementById(id);
  if (found instanceof expected) return found;
  throw new Error(`#${id} is not in the page`);
}

/**
 * A new element. Strings become text, never markup; functions become listeners; `true` is an attribute without a value,
 * and `false` and `undefined` are left out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | undefined | ((event: Event) => unknown)>} [attributes] - a listener as `onclick` and the like
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice("on".length), value);
    else if (value === true) made.setAttribute(name, "");
    else if (typeof value === "string") made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * Sets text only where it differs: a screen reader is not told the same again, and a selection stays.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A moment for people: how long ago, with the exact one in its title and for machines.
 *
 * @param {string} ts - ISO 8601
 * @param {string} text
 * @returns {HTMLTimeElement}
 */
export function time(ts, text) {
  return element("time", { datetime: ts, title: new Date(ts).toLocaleString() }, text);
}

/**
 * Tells the person what came of something, for some seconds.
 *
 * @param {string} text
 * @param {"ok" | "bad"} [tone]
 */
export function notice(text, tone = "ok") {
  const place = byId("notice", HTMLElement);
  const said = element("p", { "data-tone": tone }, text);
  place.replaceChildren(said);
  setTimeout(() => said.remove(), tone === "ok" ? 6_000 : 12_000);
}
