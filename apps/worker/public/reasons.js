/** What each reason means, for whoever meets it the first time. */
export const REASONS = {
  exhausted: "Every attempt that was allowed failed.",
  unrecoverable: "The handler said that no further try can help.",
  poison: "It was handed out more often than allowed without an end: it may kill its process.",
  invalid: "It could not be decoded, or did not match its schema.",
  rejected: "The store that it was meant for refused exactly this item.",
  undeliverable: "The store that it was meant for could not take it in time.",
};

/** @param {string} reason */
export function explainReason(reason) {
  return REASONS[/** @type {keyof typeof REASONS} */ (reason)] ?? "";
}

/**
 * Counts by reason in one line, the most first: `41 unrecoverable · 2 exhausted`.
 *
 * @param {Readonly<Record<string, number>>} byReason
 */
export function reasonsLine(byReason) {
  return Object.entries(byReason)
    .toSorted(([, one], [, other]) => other - one)
    .map(([reason, letters]) => `${letters.toLocaleString("en")} ${reason}`)
    .join(" · ");
}
