import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as core from "@chimera/queue-core";
import type { Delivery, NewJob, Receipt, Settlement } from "@chimera/queue-core";
import { SCHEMA } from "./schema.ts";

/** The part of a synchronous driver that is used: `node:sqlite`, `better-sqlite3` and `libsql` all have it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: (string | number | null)[]): unknown[] };
}

export interface SqliteBackendOptions {
  /** Opened by you, on a file for this queue alone, and yours to close after the backend. */
  readonly database: SqliteDatabase;
  /** Jobs, ready and delayed. @defaultValue no limit */
  readonly maxDepth?: number;
  /** Milliseconds since the epoch. @defaultValue the machine's clock, which all processes of the queue share */
  readonly now?: () => number;
}

/** Where a job is: the names under which `QueueMetrics` counts it. */
type Place = "depth" | "delayed" | "inFlight";

type Progress = Pick<Delivery, "deliveryCount" | "failures" | "errors"> & { reclaims: number };
interface StoredJob {
  readonly job: NewJob & { readonly enqueuedAt: number };
  readonly progress: { -readonly [Name in keyof Progress]: Progress[Name] };
}

const NEW = JSON.stringify({ deliveryCount: 0, failures: 0, reclaims: 0, errors: [] });
const PRIORITIES = ["high", "normal", "low"];
/** Milliseconds between two looks of a consumer that waits: half of what rule 10 allows. */
const POLL_MS = 50;
/** Jobs that one pass promotes, and that it reclaims (rule 3). */
const PASS_LIMIT = 250;
const WINDOW_MS = 60_000;
const DUE_SQL = "select count(*) as jobs from jobs where place in ('delayed', 'inFlight') and at <= ?";
const OLDEST_SQL = "select at from jobs where place = 'depth' order by at limit 1";
const DURATIONS_SQL = "select ms from durations where at > ? order by ms";
const INSERT_SQL = "insert into jobs values (?, ?, ?, ?, ?, ?, ?, null)";
const EXTEND_SQL = "update jobs set at = ? where receipt = ? returning id";

/** The queue protocol on one SQLite file, for the processes of one machine. Each call is one transaction. */
export class SqliteBackend implements core.QueueBackend {
  readonly protocol = 1;
  readonly name: string;
  readonly #options: Required<SqliteBackendOptions>;
  readonly #statements = new Map<string, ReturnType<SqliteDatabase["prepare"]>>();
  #closed = false;

  constructor(name: string, { database, maxDepth = Infinity, now = Date.now }: SqliteBackendOptions) {
    core.assertQueueName(name);
    this.name = name;
    this.#options = { database, maxDepth, now };
    database.exec(SCHEMA);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<core.EnqueueResult[]> {
    return this.#transaction((now) => {
      this.#sql("delete from dedup where until <= ?", now);
      return jobs.map((job) => this.#enqueue(job, now));
    });
  }

  async dequeue(request: core.DequeueRequest): Promise<Delivery[]> {
    core.assertDequeueRequest(request);
    const { waitMs = 0, signal } = request;
    const endsAt = performance.now() + waitMs;
    for (;;) {
      if (signal?.aborted === true) return [];
      const deliveries = this.#transaction((now) => this.#take(request, now));
      const leftMs = endsAt - performance.now();
      if (deliveries.length > 0 || leftMs <= 0) return deliveries;
      // The signal alone, whose listener goes with each sleep: Node 20 keeps some bytes of every `AbortSignal.any`.
      await sleep(Math.min(POLL_MS, leftMs), undefined, signal && { signal }).catch(() => undefined);
      if (this.#closed) return [];
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<core.SettleResult[]> {
    core.assertSettlements(settlements);
    return this.#transaction((now) => settlements.map((settlement) => this.#settle(settlement, now)));
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<core.SettleResult[]> {
    core.assertLeaseMs(leaseMs);
    return this.#transaction((now) =>
      receipts.map((receipt) => (this.#sql(EXTEND_SQL, now + leaseMs, receipt).length > 0 ? "ok" : "stale")),
    );
  }

  async metrics(): Promise<core.QueueMetrics> {
    return this.#transaction((now) => {
      const figures = this.#sql<{ name: string; value: number }>("select name, value from figures");
      const counts = Object.fromEntries(figures.map(({ name, value }) => [name, value]));
      const [due] = this.#sql<{ jobs: number }>(DUE_SQL, now);
      const [oldest] = this.#sql<{ at: number }>(OLDEST_SQL);
      const durations = this.#sql<{ ms: number }>(DURATIONS_SQL, now - WINDOW_MS);
      const rank = (share: number): number => durations[Math.ceil(durations.length * share) - 1]?.ms ?? 0;
      const [p50 = 0, p95 = 0, p99 = 0] = [0.5, 0.95, 0.99].map(rank);
      return {
        ...(counts as unknown as core.QueueMetrics),
        due: due?.jobs ?? 0,
        oldestReadyMs: Math.max(0, now - (oldest?.at ?? now)),
        latency: { p50, p95, p99, count: durations.length, windowMs: WINDOW_MS },
        durability: "fsync",
        paused: false,
      };
    });
  }

  async ping(): Promise<void> {
    this.#transaction(() => this.#sql("select 1"));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #enqueue(job: NewJob, now: number): core.EnqueueResult {
    const { id, dedupKey, dedupTtlMs, delayMs = 0, priority = "normal" } = job;
    if (this.#sql("select id from jobs where id = ?", id).length > 0) return { status: "duplicate", id };
    const key = JSON.stringify(dedupKey ?? null);
    const [holder] = this.#sql<{ id: string }>("select id from dedup where key = ?", key);
    if (holder !== undefined) return { status: "duplicate", id: holder.id };
    if (this.#figure("depth") + this.#figure("delayed") >= this.#options.maxDepth) return { status: "full" };
    if (dedupKey !== undefined) {
      const until = dedupTtlMs === undefined ? null : now + dedupTtlMs;
      this.#sql("insert into dedup (key, id, until) values (?, ?, ?)", key, id, until);
    }
    this.#figure("enqueued", 1);
    const stored = JSON.stringify({ ...job, enqueuedAt: now });
    const rank = PRIORITIES.indexOf(priority);
    const place: Place = delayMs > 0 ? "delayed" : "depth";
    this.#sql(INSERT_SQL, id, stored, NEW, rank, place, now + delayMs, this.#figure("tail", 1));
    return { status: "enqueued", id };
  }

  #settle(settlement: Settlement, now: number): core.SettleResult {
    const [stored] = this.#jobs("receipt = ?", settlement.receipt);
    if (stored === undefined) return "stale";
    const { job, progress } = stored;
    if (settlement.outcome === "done") {
      this.#sql("delete from durations where at <= ?", now - WINDOW_MS);
      const { durationMs } = settlement;
      if (durationMs !== undefined) this.#sql("insert into durations values (?, ?)", now, durationMs);
      this.#forget(job, "processed");
    } else if (settlement.outcome === "dead") {
      this.#forget(job, "deadLettered");
    } else if (settlement.outcome === "release") {
      progress.deliveryCount--;
      this.#place(stored, "depth", now, -this.#figure("head", 1));
    } else {
      const { delayMs, error, counts = true } = settlement;
      this.#figure("retried", 1);
      if (counts) {
        progress.failures++;
        this.#figure("failed", 1);
        const failure = error === undefined ? [] : [{ at: now, message: core.cutErrorText(error) }];
        progress.errors = [...progress.errors, ...failure].slice(-5);
      }
      this.#place(stored, delayMs > 0 ? "delayed" : "depth", now + delayMs, this.#figure("tail", 1));
    }
    return "ok";
  }

  #take({ max, leaseMs }: core.DequeueRequest, now: number): Delivery[] {
    let more = this.#refresh(now);
    const deliveries: Delivery[] = [];
    while (deliveries.length < max) {
      const [stored] = this.#jobs("place = 'depth' order by priority, position limit 1");
      if (stored === undefined) {
        if (!more || deliveries.length > 0) break;
        more = this.#refresh(now);
        continue;
      }
      const { job, progress } = stored;
      const suspect = progress.reclaims >= 2;
      if (now >= job.enqueuedAt + (job.expiresInMs ?? Infinity)) this.#forget(job, "expired");
      else if (suspect && deliveries.length > 0) break;
      else deliveries.push(this.#deliver(stored, suspect, now + leaseMs));
      if (suspect && deliveries.length > 0) break;
    }
    return deliveries;
  }

  /** Promotes what is due, then reclaims what has expired; answers whether there may be more. */
  #refresh(now: number): boolean {
    const query = "place = ? and at <= ? order by at, position limit ?";
    const due = this.#jobs(query, "delayed", now, PASS_LIMIT);
    for (const stored of due) this.#place(stored, "depth", now, this.#figure("tail", 1));
    const expired = this.#jobs(query, "inFlight", now, PASS_LIMIT);
    for (const { progress } of expired) progress.reclaims++;
    this.#figure("reclaimed", expired.length);
    for (const stored of expired) {
      if (stored.progress.reclaims > 1) this.#place(stored, "depth", now, this.#figure("tail", 1));
    }
    // The first time to the head, each before all others: the last one goes first.
    for (const stored of expired.toReversed()) {
      if (stored.progress.reclaims === 1) this.#place(stored, "depth", now, -this.#figure("head", 1));
    }
    return due.length === PASS_LIMIT || expired.length === PASS_LIMIT;
  }

  #deliver(stored: StoredJob, suspect: boolean, leaseUntil: number): Delivery {
    const { job, progress } = stored;
    const fence = this.#figure("fence", 1);
    const receipt = `${fence}.${randomUUID()}` as Receipt;
    progress.deliveryCount++;
    this.#place(stored, "inFlight", leaseUntil, fence, receipt);
    const { id, body, headers = {}, priority = "normal", enqueuedAt, maxDeliveries = 20 } = job;
    const { reclaims: _, ...counts } = progress;
    const exhausted = counts.deliveryCount > maxDeliveries;
    return {
      job: { id, body, headers, priority },
      receipt,
      fence,
      ...counts,
      enqueuedAt,
      leaseUntil,
      suspect,
      exhausted,
    };
  }

  #jobs(query: string, ...values: (string | number)[]): StoredJob[] {
    const sql = `select job, progress from jobs where ${query}`;
    const rows = this.#sql<Record<"job" | "progress", string>>(sql, ...values);
    return rows.map((row) => JSON.parse(`{"job":${row.job},"progress":${row.progress}}`) as StoredJob);
  }

  #place({ job, progress }: StoredJob, place: Place, at: number, position: number, receipt?: Receipt): void {
    const sql = "update jobs set place = ?, at = ?, position = ?, receipt = ?, progress = ? where id = ?";
    this.#sql(sql, place, at, position, receipt ?? null, JSON.stringify(progress), job.id);
  }

  /** Ends a job; its key goes with it unless the key has a time of its own. */
  #forget({ id, dedupKey }: NewJob, figure: string): void {
    this.#sql("delete from jobs where id = ?", id);
    const sql = "delete from dedup where key = ? and id = ? and until is null";
    if (dedupKey !== undefined) this.#sql(sql, JSON.stringify(dedupKey), id);
    this.#figure(figure, 1);
  }

  /** Answers a figure, counted up first. */
  #figure(name: string, by = 0): number {
    const sql = "update figures set value = value + ? where name = ? returning value";
    return this.#sql<{ value: number }>(sql, by, name)[0]?.value ?? 0;
  }

  #transaction<Result>(work: (now: number) => Result): Result {
    if (this.#closed) throw new core.QueueError("QUEUE_CLOSED", `\`${this.name}\` was closed`);
    const { database, now } = this.#options;
    try {
      database.exec("begin immediate");
      try {
        const result = work(now());
        database.exec("commit");
        return result;
      } catch (error) {
        database.exec("rollback");
        throw error;
      }
    } catch (cause) {
      // Busy for longer than its time-out, a full disk: a later call may go through, so no job is to blame.
      const options = { retryable: true, cause };
      throw new core.QueueError("BACKEND_UNAVAILABLE", "SQLite did not take the call", options);
    }
  }

  #sql<Row>(sql: string, ...values: (string | number | null)[]): Row[] {
    const statement = this.#statements.get(sql) ?? this.#options.database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement.all(...values) as Row[];
  }
}
