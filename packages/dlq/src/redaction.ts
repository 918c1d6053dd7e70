import type { DeadLetter } from "./dead-letter.ts";
import { DlqError } from "./errors.ts";
import { MASK } from "./foundation/redact.ts";

/** One step of a path: a key, or `*` for every key and every index. */
type Step = string;

/** `a.b`, `a[0]`, `a[*].b`, `a["key with . in it"]`, where the quoted key is a string as JSON has it (RFC 8259, 7). */
const STEP =
  /\.?([^.[\]"]+)|\[(\d+|\*)\]|\["((?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*)"\]/uy;
const ROOTS = ["payload", "headers"] as const;

/**
 * Makes a function that masks the values at the given paths of a letter's `payload` (when it is JSON) and `headers`.
 *
 * A letter that has nothing at any path comes back as the same object, its payload the same to the byte.
 * Costs a `JSON.parse` of the payload when a path leads into it, and nothing otherwise.
 * @throws DlqError `DLQ_INVALID` naming the paths that cannot be read.
 */
export function compileRedaction(paths: readonly string[]): (letter: DeadLetter) => DeadLetter {
  const issues = redactionIssues(paths);
  if (issues.length > 0) throw new DlqError("DLQ_INVALID", issues.join("; "), { issues });
  const parsed = paths.map((path) => parsePath(path) ?? []);
  const payloadPaths = parsed.filter(([root]) => root === "payload").map(([, ...steps]) => steps);
  const headerPaths = parsed.filter(([root]) => root === "headers").map(([, ...steps]) => steps);
  return (letter) => {
    const payload = maskedPayload(letter, payloadPaths);
    const headers = maskedHeaders(letter.headers, headerPaths);
    if (payload === letter.payload && headers === letter.headers) return letter;
    return { ...letter, ...(headers !== undefined && { headers }), payload };
  };
}

/** What is wrong with redaction paths, one line each. */
export function redactionIssues(paths: readonly string[]): string[] {
  return paths
    .filter((path) => parsePath(path) === undefined)
    .map(
      (path) =>
        `Expected a path like payload.user.email or headers.authorization in \`redact\`, got \`${path}\``,
    );
}

function parsePath(path: string): Step[] | undefined {
  const steps: Step[] = [];
  for (STEP.lastIndex = 0; STEP.lastIndex < path.length;) {
    const found = STEP.exec(path);
    if (found === null) return undefined;
    const [, key, index, quoted] = found;
    steps.push(key ?? index ?? (JSON.parse(`"${quoted ?? ""}"`) as string));
  }
  return steps.length > 1 && ROOTS.some((root) => root === steps[0]) ? steps : undefined;
}

function maskedPayload({ encoding, payload }: DeadLetter, paths: readonly Step[][]): string {
  if (paths.length === 0 || encoding !== "json") return payload;
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return payload;
  }
  return maskPaths(value, paths) ? JSON.stringify(value) : payload;
}

function maskedHeaders(headers: DeadLetter["headers"], paths: readonly Step[][]): DeadLetter["headers"] {
  if (paths.length === 0 || headers === undefined) return headers;
  const copy = { ...headers };
  return maskPaths(copy, paths) ? copy : headers;
}

function maskPaths(value: unknown, paths: readonly Step[][]): boolean {
  // Not `some`: every path must be walked.
  return paths.map((steps) => maskPath(value, steps)).includes(true);
}

/** Masks in place; answers whether anything was there to mask. */
function maskPath(value: unknown, [step, ...rest]: readonly Step[]): boolean {
  if (step === undefined || typeof value !== "object" || value === null) return false;
  const holder = value as Record<string, unknown>;
  const keys = step === "*" ? Object.keys(holder) : Object.hasOwn(holder, step) ? [step] : [];
  let masked = false;
  for (const key of keys) {
    if (rest.length > 0) masked = maskPath(holder[key], rest) || masked;
    else {
      holder[key] = MASK;
      masked = true;
    }
  }
  return masked;
}
