/**
 * The user-info part of a URL inside any text: `scheme://user:password@host`. Greedy to the last `@` before a blank or
 * slash, since passwords hold `@`. The scheme is not looked at: to look for its start anew at every word of a long text
 * takes time that grows with the square of its length.
 */
const URL_CREDENTIALS = /:\/\/[^\s/]*@/g;
/** `password=…`, `"secret": "…"`, `token: …` and the like, as key-value text or JSON. */
const NAMED_SECRET =
  /(["']?\b(?:password|passwd|pwd|secret|token|api[_-]?key|authorization)\b["']?\s*[=:]\s*)("[^"]*"|'[^']*'|(?:Basic|Bearer)\s+\S+|[^\s,;&}]+)/gi;

/** What every text has that one of the two could match: most messages have none, and cost one scan. */
const MAY_HOLD_SECRET = /[=@]|(?:word|passwd|pwd|secret|token|key|authorization)\b["']?\s*:/i;

/** What stands in place of a secret. */
export const MASK = "***";

/** Options of {@link redactText}. */
export interface RedactTextOptions {
  /** Values known to be secret: masked wherever they stand, also percent-encoded. Those under 3 characters are passed over. */
  readonly secrets?: readonly string[];
  /** Longest answer in characters; what is over is cut and marked with an ellipsis. @defaultValue 1_024 */
  readonly maxLength?: number;
}

/**
 * Text that may be logged or stored: credentials in URLs, values named like secrets, and the given secrets
 * are masked, then the length is capped. Costs one linear scan where there is nothing to
 * mask, and two more where there may be.
 */
export function redactText(
  text: string,
  { secrets = [], maxLength = 1_024 }: RedactTextOptions = {},
): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length < 3) continue;
    safe = safe.replaceAll(secret, MASK).replaceAll(encodeURIComponent(secret), MASK);
  }
  if (MAY_HOLD_SECRET.test(safe)) {
    safe = safe.replaceAll(URL_CREDENTIALS, `://${MASK}@`).replaceAll(NAMED_SECRET, `$1${MASK}`);
  }
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1)}…` : safe;
}
