/** Why a client left the pool. */
export type DiscardReason =
  /** Handed back while `poolSize` clients were idle already. */
  | "overflow"
  /** Older than `recycleMs`. */
  | "recycled"
  /** The connection was gone. */
  | "lost"
  /** Its error left the session unusable. */
  | "broken"
  /** It did not answer the pre-ping. */
  | "ping"
  /** Older than a ping that failed, or than a failover. */
  | "flushed"
  /** A statement on it was cancelled. */
  | "cancelled"
  /** Handed back inside a transaction. */
  | "left-in-transaction"
  /** The pool was closed. */
  | "closed";

/** What a pool is doing now, and what it did since it was made. Counters only grow. */
export interface PoolMetrics {
  readonly inUse: number;
  readonly idle: number;
  /** Open clients beyond `poolSize`. */
  readonly overflow: number;
  /** Calls that wait for a client. */
  readonly waiting: number;
  /** Connections under way; part of `inUse`. */
  readonly connecting: number;
  readonly waits: {
    /** Calls that had to wait for a client. */
    readonly count: number;
    readonly totalMs: number;
    readonly maxMs: number;
    /** Calls that waited in vain. */
    readonly timeouts: number;
  };
  readonly created: number;
  readonly connectFailures: number;
  readonly pings: number;
  readonly discarded: Readonly<Record<DiscardReason, number>>;
}

/** Counts for one pool. */
export class PoolCounters {
  created = 0;
  connectFailures = 0;
  pings = 0;
  readonly waits = { count: 0, totalMs: 0, maxMs: 0, timeouts: 0 };
  readonly discarded: Record<DiscardReason, number> = {
    overflow: 0,
    recycled: 0,
    lost: 0,
    broken: 0,
    ping: 0,
    flushed: 0,
    cancelled: 0,
    "left-in-transaction": 0,
    closed: 0,
  };

  waited(durationMs: number): void {
    this.waits.count++;
    this.waits.totalMs += durationMs;
    this.waits.maxMs = Math.max(this.waits.maxMs, durationMs);
  }

  /** A copy that later counting does not change. */
  snapshot(): Pick<PoolMetrics, "waits" | "created" | "connectFailures" | "pings" | "discarded"> {
    const { created, connectFailures, pings } = this;
    return { created, connectFailures, pings, waits: { ...this.waits }, discarded: { ...this.discarded } };
  }
}
