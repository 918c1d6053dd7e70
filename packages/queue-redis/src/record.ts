import {
  MAX_BATCH,
  type DeliveryError,
  type Job,
  type JobView,
  type NewJob,
  type Priority,
} from "@chimera/queue-core";

/** Deliveries after which a job is handed out as exhausted, unless it says otherwise. */
const DEFAULT_MAX_DELIVERIES = 20;
/** What a server puts before a record: hexadecimal digits of the enqueue time, and then of the number of the call. */
const TIME_LENGTH = 11;
const STAMP_LENGTH = TIME_LENGTH + 10;
/** Letter and place. */
const HEAD_LENGTH = 3;

const LETTERS: Readonly<Record<Priority, string>> = { high: "h", normal: "n", low: "l" };
const PRIORITIES: Readonly<Record<string, Priority>> = { h: "high", n: "normal", l: "low" };
/** Places in a call. */
const PLACES: readonly string[] = Array.from({ length: MAX_BATCH }, (_, place) =>
  place.toString(16).padStart(2, "0"),
);
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const NO_ERRORS: readonly DeliveryError[] = Object.freeze([]);

/**
 * A job as text for the server.
 *
 * The first line is the letter of the priority, the job's place in its call in two hexadecimal digits, `maxDeliveries` where it is
 * set, and the headers as JSON text where there are any; then comes the body. A job that a script has to look at (delay, expiry, dedup key) has its letter in
 * upper case, `;delay;expiry;ttl;` before the headers, and a second line with the dedup key as JSON text, which
 * holds no line break.
 */
export function encodeRecord(job: NewJob, place: number): string {
  const letter = LETTERS[job.priority ?? "normal"];
  const digits = PLACES[place] as string;
  const deliveries = job.maxDeliveries ?? "";
  const headers = job.headers === undefined ? "" : headersText(job.headers);
  if (!isSpecial(job)) return `${letter}${digits}${deliveries}${headers}\n${job.body}`;
  const { delayMs, expiresInMs, dedupTtlMs, dedupKey } = job;
  const times = `;${delayMs || ""};${expiresInMs ?? ""};${dedupTtlMs ?? ""};`;
  const key = dedupKey === undefined ? "" : JSON.stringify(dedupKey);
  return `${letter.toUpperCase()}${digits}${deliveries}${times}${headers}\n${key}\n${job.body}`;
}

/** A job that was read back, with what only its record knows. */
export interface StoredJob {
  readonly job: Job;
  readonly enqueuedAt: number;
  readonly maxDeliveries: number;
}

export function decodeRecord(id: string, record: string): StoredJob {
  const letter = record.charAt(STAMP_LENGTH);
  const lineEnd = record.indexOf("\n", STAMP_LENGTH + 1);
  const lower = letter.toLowerCase();
  const special = letter !== lower;
  const bodyStart = special ? record.indexOf("\n", lineEnd + 1) + 1 : lineEnd + 1;
  const plain = lineEnd === STAMP_LENGTH + HEAD_LENGTH;
  const head = plain ? "" : record.slice(STAMP_LENGTH + HEAD_LENGTH, lineEnd);
  const brace = plain ? -1 : head.indexOf("{");
  return {
    job: {
      id,
      body: record.slice(bodyStart),
      headers:
        brace === -1
          ? NO_HEADERS
          : Object.freeze(JSON.parse(head.slice(brace)) as Readonly<Record<string, string>>),
      priority: PRIORITIES[lower] ?? "normal",
    },
    enqueuedAt: Number.parseInt(record.slice(0, TIME_LENGTH), 16),
    maxDeliveries: plain ? DEFAULT_MAX_DELIVERIES : Number.parseInt(head, 10) || DEFAULT_MAX_DELIVERIES,
  };
}

/** What has happened to a job, as scripts keep it (`STATE` in prelude.lua.ts). */
export interface StoredState {
  /** A batch, tilde and place, `-` for ready, or `d` and a sequence number. */
  readonly place: string;
  readonly deliveryCount: number;
  readonly failures: number;
  readonly reclaims: number;
  readonly errors: readonly DeliveryError[];
}

/** The state of a job that is ready and was never handed out. */
const FRESH: StoredState = Object.freeze({
  place: "-",
  deliveryCount: 0,
  failures: 0,
  reclaims: 0,
  errors: NO_ERRORS,
});

/** The state of a job that is in flight for the first time, and plain. */
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
  const where = place === "-" ? "ready" : place.startsWith("d") ? "delayed" : "in-flight";
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

function isSpecial({ delayMs, expiresInMs, dedupKey }: NewJob): boolean {
  return (delayMs !== undefined && delayMs > 0) || expiresInMs !== undefined || dedupKey !== undefined;
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
