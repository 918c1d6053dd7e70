import { backoffDelayMs, sleep } from "@chimera/dlq";
import type { AttemptError } from "@chimera/dlq";

import type { Batch } from "../batch/batch.ts";
import type { BatchPart } from "../batch/batch-part.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { readFailure } from "../failure.ts";
import type { Failure } from "../failure.ts";

import { untilAborted } from "../until-aborted.ts";

import type { CourierParts, Refusal } from "./courier.ts";
import { isolateBadRows } from "./poison-rows.ts";
import { sendRows } from "./send-rows.ts";

/** Tries that a dead letter tells about. */
const KEPT_ERRORS = 5;
/** After overload tries are far apart: an insert every 100 ms is what makes too many parts. */
const SLOW_BACKOFF = { baseDelayMs: 2_000, maxDelayMs: 30_000 };
/** A table that is missing is looked for about once a second, and rows go soon after it is there. */
const HOLD_BACKOFF = { baseDelayMs: 500, maxDelayMs: 2_000 };

/** How a part ended for good when it was not stored. */
type Refused = Omit<Refusal, "part">;

/** The way of one batch, from its first try to its end. */
export class Delivery {
  readonly #batch: Batch;
  readonly #parts: CourierParts;
  readonly #signal: AbortSignal | undefined;
  readonly #refusals: Refusal[] = [];
  /** The server that may hold the batch already: a retry elsewhere would not be recognised by its token. */
  #pinned: Endpoint | undefined;

  constructor(batch: Batch, parts: CourierParts, signal: AbortSignal | undefined) {
    this.#batch = batch;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Sends the batch; answers the parts of it that are not stored. Runs once. */
  async run(): Promise<readonly Refusal[]> {
    const { badRows } = this.#parts;
    const refused = await this.#persist(() => this.#batch.whole());
    const whole = this.#batch.whole();
    this.#batch.commit();
    // All of them may have been taken back since the last try.
    if (refused === undefined || whole.rowCount === 0) return this.#refusals;
    const isolated = await isolateBadRows(whole, refused, {
      maxBadRows: badRows.allowed,
      send: async (part) => this.#persist(() => part),
      refuse: (part, why) => this.#refusals.push({ part, ...why }),
    });
    badRows.note(isolated);
    return this.#refusals;
  }

  /** Tries until a part is stored, is refused for what it is, or its time is over. */
  async #persist(current: () => BatchPart): Promise<Refused | undefined> {
    const { clock, retryForMs, holdForMs } = this.#parts.options;
    const since = clock.monotonic();
    const errors: AttemptError[] = [];
    let attempts = 0;
    let failure: Failure = NOT_TRIED;
    for (;;) {
      if (current().rowCount === 0) return undefined;
      const budgetMs = failure.kind === "configuration" ? holdForMs : retryForMs;
      const next = await this.#attempt(current(), since + budgetMs);
      if (next === "stored") {
        this.#parts.alarms.clear(this.#holdKey);
        return undefined;
      }
      if (next === "over") return { failure, attempts, errors };
      failure = next;
      attempts += 1;
      errors.push({ ts: new Date(clock.now()).toISOString(), code: failure.code, message: failure.message });
      if (errors.length > KEPT_ERRORS) errors.shift();
      if (failure.kind === "row" || failure.kind === "rejected") return { failure, attempts, errors };
      if (!(await this.#waitAfter(failure, attempts, since))) return { failure, attempts, errors };
    }
  }

  /** One insert. `over`: no server could be called until the deadline, or the signal ended it. */
  async #attempt(part: BatchPart, deadline: number): Promise<"stored" | "over" | Failure> {
    const { pool, table, settings, counters, options, secrets, replicas } = this.#parts;
    let endpoint: Endpoint | undefined;
    try {
      const pinned = replicas.shared === true ? undefined : this.#pinned;
      endpoint = await pool.acquire({ pinned, deadline, signal: this.#signal });
    } catch {
      return "over";
    }
    if (endpoint === undefined) return "over";
    const started = options.clock.monotonic();
    let sent = false;
    try {
      const wanted = { ...settings, insert_deduplication_token: part.token };
      const known = await untilAborted(endpoint.supported(wanted), this.#signal);
      await untilAborted(replicas.learn(endpoint), this.#signal);
      this.#signal?.throwIfAborted();
      this.#batch.sending();
      sent = true;
      const { pieces, rowCount: rows } = part;
      const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
      await sendRows(
        endpoint,
        { table: table.quoted, pieces, settings: known, signal: this.#signal },
        options,
      );
      endpoint.breaker.answered();
      const durationMs = options.clock.monotonic() - started;
      counters.inserted({ table: table.given, rows, bytes, durationMs });
      this.#batch.commit();
      return "stored";
    } catch (error) {
      const read = readFailure(error, secrets);
      const failure = this.#signal?.aborted === true ? { ...read, ...this.#ended(sent) } : read;
      this.#note(endpoint, failure, sent && failure.outcomeUnknown);
      return failure;
    }
  }

  #note(endpoint: Endpoint, failure: Failure, mayBeStored: boolean): void {
    this.#parts.counters.failed(failure);
    if (this.#signal?.aborted === true) endpoint.breaker.inconclusive();
    else if (failure.unreachable) endpoint.breaker.unanswered();
    else endpoint.breaker.answered();
    if (failure.unreachable) endpoint.forget();
    if (mayBeStored) {
      this.#pinned = endpoint;
      this.#batch.commit();
    } else if (failure.kind !== "row") {
      this.#batch.refused(); // after a row's failure its number must keep its meaning: nothing is taken out
    }
  }

  /** Waits before the next try; `false` when the budget is over or the signal ended the wait. */
  async #waitAfter(failure: Failure, attempts: number, since: number): Promise<boolean> {
    const { options, alarms, table } = this.#parts;
    const { clock, backoff, random, retryForMs, holdForMs, logger } = options;
    const holds = failure.kind === "configuration";
    const budgetMs = holds ? holdForMs : retryForMs;
    if (clock.monotonic() - since >= budgetMs || this.#signal?.aborted === true) return false;
    if (holds)
      alarms.raise(this.#holdKey, { table: table.given, code: failure.code, message: failure.message });
    else alarms.clear(this.#holdKey);
    const slower = failure.slow ? SLOW_BACKOFF : holds ? HOLD_BACKOFF : undefined;
    const delayMs = backoffDelayMs(attempts, { ...backoff, ...slower }, random);
    const fields = { table: table.given, code: failure.code, message: failure.message, attempts, delayMs };
    logger[attempts === 1 || holds ? "warn" : "debug"](
      holds ? "clickhouse.batch_held" : "clickhouse.batch_retrying",
      fields,
    );
    try {
      await sleep(clock, Math.min(delayMs, since + budgetMs - clock.monotonic()), this.#signal);
      return true;
    } catch {
      return false;
    }
  }

  /** What a batch says whose last insert was ended by the signal. */
  #ended(sent: boolean): Pick<Failure, "code" | "message"> {
    const mayBeStored = sent || this.#pinned !== undefined;
    const message = mayBeStored
      ? "ended before the server had answered: the rows may be stored"
      : "ended before the rows were sent";
    return { code: "ABORTED", message };
  }

  get #holdKey(): string {
    return `held:${this.#parts.table.given}`;
  }
}

/** What a batch says that never came to a try: no server could be called, or it was closed first. */
const NOT_TRIED: Failure = {
  kind: "transient",
  serverCode: undefined,
  code: "NO_ANSWER",
  message: "no server could be called in time",
  outcomeUnknown: false,
  unreachable: true,
  rowNumber: undefined,
  slow: false,
};
