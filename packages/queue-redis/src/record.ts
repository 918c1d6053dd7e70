import { type DeliveryError, type Job, type JobView, type NewJob, type Priority } from "@chimera/queue-core";

/** Deliveries after which a job is handed out as exhausted, unless it says otherwise. */
const DEFAULT_MAX_DELIVERIES = 20;
/** What stands before a record: hexadecimal digits of the moment of the enqueue, in milliseconds. */
const TIME_LENGTH = 11;
/** And before an id in an entry: two hexadecimal digits of its length. */
const ID_START = TIME_LENGTH + 2;
/** Records up to this many characters travel whole; longer ones would make the server copy much at each hand-out. */
const MAX_WHOLE_LENGTH = 1_024;

const LETTERS: Readonly<Record<Priority, string>> = { high: "h", normal: "n", low: "l" };
const PRIORITIES: Readonly<Record<string, Priority>> = { h: "high", n: "normal", l: "low" };
/** Lengths of ids. */
const LENGTHS: readonly string[] = Array.from({ length: 256 }, (_, length) =>
  length.toString(16).padStart(2, "0"),
);
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const NO_ERRORS: readonly DeliveryError[] = Object.freeze([]);

/**
 * A job as text for the server.
 *
 * The first line is the letter of the priority, `maxDeliveries` where it is set, and the headers as JSON text where there are any; then
 * comes the body. A job that a script has to look at (an id that may be alive, delay, expiry, dedup key, a long body) has its letter in
 * upper case, `;delay;expiry;ttl;` before the headers, and a second line with the dedup key as JSON text, which
 * holds no line break.
 */
export function encodeRecord(job: NewJob): string {
  const letter = LETTERS[job.priority ?? "normal"];
  const deliveries = job.maxDeliveries ?? "";
  const headers = job.headers === undefined ? "" : headersText(job.headers);
  if (travelsWhole(job)) return `${letter}${deliveries}${headers}\n${job.body}`;
  const { delayMs, expiresInMs, dedupTtlMs, dedupKey } = job;
  const times = `;${delayMs || ""};${expiresInMs ?? ""};${dedupTtlMs ?? ""};`;
  const key = dedupKey === undefined ? "" : JSON.stringify(dedupKey);
  return `${letter.toUpperCase()}${deliveries}${times}${headers}\n${key}\n${job.body}`;
}

/** The whole entry (`ENTRIES` in prelude.lua.ts) of a job of normal priority that {@link travelsWhole}. */
export function encodeEntry(job: NewJob, time: string): string {
  const { id, body, maxDeliveries, headers } = job;
  if (maxDeliveries === undefined && headers === undefined)
    return `${time}${LENGTHS[id.length]}${id}n\n${body}`;
  return `${time}${LENGTHS[id.length]}${id}${encodeRecord(job)}`;
}

/** A moment as it stands before a record. */
export function timeText(ms: number): string {
  return Math.max(0, Math.floor(ms)).toString(16).padStart(TIME_LENGTH, "0");
}

/** Whether nothing has to be looked up or noted for a job, by its id or otherwise. */
export function isPlain({ fresh, delayMs, expiresInMs, dedupKey }: NewJob): boolean {
  return (
    fresh === true &&
    dedupKey === undefined &&
    expiresInMs === undefined &&
    (delayMs === undefined || delayMs === 0)
  );
}

/** Whether all there is of a job is its entry in a list. */
export function travelsWhole(job: NewJob): boolean {
  const { body, headers } = job;
  return (
    isPlain(job) &&
    body.length <= MAX_WHOLE_LENGTH &&
    (headers === undefined || headersText(headers).length <= MAX_WHOLE_LENGTH)
  );
}

/** Whether a job can go by {@link encodeEntry}. */
export function isWhole(job: NewJob): boolean {
  return (job.priority === undefined || job.priority === "normal") && travelsWhole(job);
}

/** A job that was read back, with what only its record knows. */
export interface StoredJob {
  readonly job: Job;
  readonly enqueuedAt: number;
  readonly maxDeliveries: number;
}

/** @param record - with the moment before it */
export function decodeRecord(id: string, record: string): StoredJob {
  return decodeAt(id, record, TIME_LENGTH);
}

/** A job from its whole entry. */
export function decodeEntry(entry: string): StoredJob {
  const idEnd = ID_START + Number.parseInt(entry.slice(TIME_LENGTH, ID_START), 16);
  return decodeAt(entry.slice(ID_START, idEnd), entry, idEnd);
}

/** Reads a record that begins at `at`; the moment stands at the very beginning. */
function decodeAt(id: string, text: string, at: number): StoredJob {
  const letter = text.charAt(at);
  const lineEnd = text.indexOf("\n", at + 1);
  const lower = letter.toLowerCase();
  const bodyStart = letter === lower ? lineEnd + 1 : text.indexOf("\n", lineEnd + 1) + 1;
  const head = lineEnd === at + 1 ? "" : text.slice(at + 1, lineEnd);
  const brace = head === "" ? -1 : head.indexOf("{");
  return {
    job: {
      id,
      body: text.slice(bodyStart),
      headers:
        brace === -1
          ? NO_HEADERS
          : Object.freeze(JSON.parse(head.slice(brace)) as Readonly<Record<string, string>>),
      priority: PRIORITIES[lower] ?? "normal",
    },
    enqueuedAt: Number.parseInt(text.slice(0, TIME_LENGTH), 16),
    maxDeliveries: head === "" ? DEFAULT_MAX_DELIVERIES : Number.parseInt(head, 10) || DEFAULT_MAX_DELIVERIES,
  };
}

/** What has happened to a job, as scripts keep it (`STATE` in prelude.lua.ts). */
export interface StoredState {
  /** A batch, tilde and place; `-` for ready; or `d` and a sequence number for what was delayed, and is while it has a due time. */
  readonly place: string;
  readonly deliveryCount: number;
  readonly failures: number;
  readonly reclaims: number;
  readonly errors: readonly DeliveryError[];
}

/** The state of a ready job that travels whole. */
const FRESH: StoredState = Object.freeze({
  place: "-",
  deliveryCount: 0,
  failures: 0,
  reclaims: 0,
  errors: NO_ERRORS,
});

/** The state of a job in flight that travels whole. */
const IN_FLIGHT: StoredState = Object.freeze({ ...FRESH, place: "", deliveryCount: 1 });

export function decodeState(text: string): StoredState {
  if (text === "") return FRESH;
  if (text === "plain") return IN_FLIGHT;
  const [facts = "", , ...errorLines] = text.split("\n");
  const [place = "-", deliveries, failures, reclaims] = facts.split(" ");
  return {
    place,
    deliveryCount: Number(deliveries),
    failures: Number(failures),
    reclaims: Number(reclaims),
    errors: errorLines.length === 0 ? NO_ERRORS : Object.freeze(errorLines.map(decodeError)),
  };
}

/** The view of a job for an administrator. */
export function jobView(id: string, record: string, state: StoredState, dueAt: number | undefined): JobView {
  const { job, enqueuedAt } = decodeRecord(id, record);
  const { deliveryCount, failures, errors, place } = state;
  const waits = place === "-" || place.startsWith("d");
  const where = dueAt !== undefined ? "delayed" : waits ? "ready" : "in-flight";
  return {
    job,
    state: where,
    deliveryCount,
    failures,
    errors,
    enqueuedAt,
    ...(dueAt !== undefined && { dueAt }),
  };
}

function headersText(headers: Readonly<Record<string, string>>): string {
  for (const _ in headers) return JSON.stringify(headers);
  return "";
}

function decodeError(line: string): DeliveryError {
  const colon = line.indexOf(":");
  return Object.freeze({
    at: Number(line.slice(0, colon)),
    message: JSON.parse(line.slice(colon + 1)) as string,
  });
}
