/** What a team gets when it installs one package alone, and nothing else. */
export interface Expectation {
  /** The folder under `packages/`, which is the name after `@chimera/`. */
  readonly folder: string;
  /** Our own packages that come along. */
  readonly ours: readonly string[];
  /** Every other package at the top of `node_modules`. */
  readonly others: readonly string[];
  /** Import paths that must load, as ESM and as CommonJS. */
  readonly entries: readonly string[];
  /** A name that the first entry must export. */
  readonly exported: string;
  /** Optional peers that an entry's types name: who uses the entry has them, nobody else gets them. */
  readonly typePeers?: readonly string[];
}

/** The file lock of the dead-letter store, with what it needs. */
const LOCK = ["graceful-fs", "proper-lockfile", "retry", "signal-exit"];

export const expectations: readonly Expectation[] = [
  {
    folder: "dlq",
    ours: [],
    others: LOCK,
    entries: ["@chimera/dlq", "@chimera/dlq/conformance", "@chimera/dlq/testing"],
    exported: "FileDeadLetterStore",
  },
  {
    folder: "queue-core",
    ours: ["dlq"],
    others: [...LOCK, "@standard-schema/spec"],
    entries: ["@chimera/queue-core", "@chimera/queue-core/conformance", "@chimera/queue-core/testing"],
    exported: "LocalQueue",
    typePeers: ["fast-check"],
  },
  {
    folder: "queue-redis",
    ours: ["dlq", "queue-core"],
    others: [
      ...LOCK,
      "@redis/bloom",
      "@redis/client",
      "@redis/json",
      "@redis/search",
      "@redis/time-series",
      "@standard-schema/spec",
      "redis",
    ],
    entries: ["@chimera/queue-redis"],
    exported: "RedisQueue",
  },
  {
    folder: "storage-postgres",
    ours: ["dlq"],
    others: [
      ...LOCK,
      "pg",
      "pg-cloudflare",
      "pg-connection-string",
      "pg-copy-streams",
      "pg-cursor",
      "pg-int8",
      "pg-pool",
      "pg-protocol",
      "pg-types",
      "pgpass",
      "postgres-array",
      "postgres-bytea",
      "postgres-date",
      "postgres-interval",
      "split2",
      "xtend",
    ],
    entries: ["@chimera/storage-postgres"],
    exported: "PostgresAdapter",
  },
  {
    folder: "storage-clickhouse",
    ours: ["dlq"],
    others: LOCK,
    entries: ["@chimera/storage-clickhouse"],
    exported: "ClickHouseAdapter",
  },
];
