import type { DeliveryError, JobState, Priority } from "../../protocol.ts";
import type { DedupEntry } from "../dedup-table.ts";
import type { JobCounters } from "../job-counters.ts";
import type { JobRecord } from "../job-record.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

const PRIORITIES: readonly Priority[] = ["high", "normal", "low"];
const STATES: readonly JobState[] = ["ready", "delayed", "in-flight"];

/** What an entry begins with. */
const JOB = 1;
const STATE = 2;
const GONE = 3;
const KEY = 4;
/** Stands for a moment that never comes. */
const NEVER = Number.NaN;

/** Where a job is and what has happened to it. Moments are milliseconds since the epoch. */
export interface JournaledState {
  readonly state: JobState;
  readonly at: number;
  readonly order: number;
  readonly deliveryCount: number;
  readonly failures: number;
  readonly reclaims: number;
  readonly errors: readonly DeliveryError[];
}

/** A job as the journal keeps it. */
export interface JournaledJob {
  readonly journalId: number;
  readonly id: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly priority: Priority;
  readonly maxDeliveries: number;
  readonly enqueuedAt: number;
  readonly expiresAt: number | undefined;
  readonly dedupKey: string | undefined;
  /** Replaced as a whole by each later state. */
  latest: JournaledState;
}

/** What a frame begins with: the queue as a whole. */
export interface JournaledQueue {
  readonly counters: JobCounters;
  readonly paused: boolean;
}

/** Who takes what is read, in the order in which it was written. A later word about a job replaces an earlier one. */
export interface EntrySink {
  queue(queue: JournaledQueue): void;
  job(job: JournaledJob): void;
  state(journalId: number, state: JournaledState): void;
  gone(journalId: number): void;
  key(key: string, jobId: string, expiresAt: number): void;
}

/** Writes entries. Every entry says how things are, never what was done, so that reading one twice changes nothing. */
export class EntryWriter {
  readonly #out: ByteWriter;
  readonly #epochMs: number;

  constructor(out: ByteWriter, epochMs: number) {
    this.#out = out;
    this.#epochMs = epochMs;
  }

  queue(counters: JobCounters, paused: boolean): void {
    const out = this.#out;
    out.byte(paused ? 1 : 0);
    out.varint(counters.enqueued);
    out.varint(counters.processed);
    out.varint(counters.failed);
    out.varint(counters.retried);
    out.varint(counters.deadLettered);
    out.varint(counters.reclaimed);
    out.varint(counters.cancelled);
    out.varint(counters.expired);
  }

  job(record: JobRecord, journalId: number): void {
    const out = this.#out;
    out.byte(JOB);
    out.varint(journalId);
    out.text(record.id);
    out.text(record.body);
    const names = Object.keys(record.terms.headers);
    out.varint(names.length);
    for (const name of names) {
      out.text(name);
      out.text(record.terms.headers[name] ?? "");
    }
    out.byte(PRIORITIES.indexOf(record.terms.priority));
    out.varint(record.terms.maxDeliveries);
    out.double(this.#epochMs + record.enqueuedAt);
    const { expiresAt, dedup } = record.terms;
    out.double(expiresAt === undefined ? NEVER : this.#epochMs + expiresAt);
    const key = dedup?.at === Infinity ? dedup.key : "";
    out.text(key);
    this.#state(record);
  }

  state(record: JobRecord, journalId: number): void {
    this.#out.byte(STATE);
    this.#out.varint(journalId);
    this.#state(record);
  }

  gone(journalId: number): void {
    this.#out.byte(GONE);
    this.#out.varint(journalId);
  }

  key(entry: DedupEntry): void {
    this.#out.byte(KEY);
    this.#out.text(entry.key);
    this.#out.text(entry.jobId);
    this.#out.double(this.#epochMs + entry.at);
  }

  #state(record: JobRecord): void {
    const out = this.#out;
    out.byte(STATES.indexOf(record.state as JobState));
    out.double(this.#epochMs + record.at);
    out.double(record.order);
    out.varint(record.deliveryCount);
    const { failures, reclaims, errors } = record.troubles;
    out.varint(failures);
    out.varint(reclaims);
    out.varint(errors.length);
    for (const { at, message } of errors) {
      out.double(at);
      out.text(message);
    }
  }
}

/** Reads the entries of one frame. */
export function readEntries(from: ByteReader, sink: EntrySink): void {
  sink.queue(readQueue(from));
  while (!from.done) {
    const kind = from.byte();
    if (kind === JOB) sink.job(readJob(from));
    else if (kind === STATE) sink.state(from.varint(), readState(from));
    else if (kind === GONE) sink.gone(from.varint());
    else if (kind === KEY) sink.key(from.text(), from.text(), from.double());
    else throw new RangeError(`Expected an entry of a known kind, got ${kind}`);
  }
}

function readQueue(from: ByteReader): JournaledQueue {
  return {
    paused: from.byte() === 1,
    counters: {
      enqueued: from.varint(),
      processed: from.varint(),
      failed: from.varint(),
      retried: from.varint(),
      deadLettered: from.varint(),
      reclaimed: from.varint(),
      cancelled: from.varint(),
      expired: from.varint(),
    },
  };
}

function readJob(from: ByteReader): JournaledJob {
  const journalId = from.varint();
  const id = from.text();
  const body = from.text();
  const headers = Object.fromEntries(readMany(from, () => [from.text(), from.text()] as const));
  const priority = PRIORITIES[from.byte()] ?? "normal";
  const maxDeliveries = from.varint();
  const enqueuedAt = from.double();
  const expiresAt = from.double();
  const dedupKey = from.text();
  return {
    journalId,
    id,
    body,
    headers,
    priority,
    maxDeliveries,
    enqueuedAt,
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
    dedupKey: dedupKey === "" ? undefined : dedupKey,
    latest: readState(from),
  };
}

function readState(from: ByteReader): JournaledState {
  return {
    state: STATES[from.byte()] ?? "ready",
    at: from.double(),
    order: from.double(),
    deliveryCount: from.varint(),
    failures: from.varint(),
    reclaims: from.varint(),
    errors: readMany(from, () => ({ at: from.double(), message: from.text() })),
  };
}

function readMany<Item>(from: ByteReader, read: () => Item): Item[] {
  return Array.from({ length: from.varint() }, read);
}
