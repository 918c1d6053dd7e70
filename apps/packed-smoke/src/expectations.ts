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
}

export const expectations: readonly Expectation[] = [
  {
    folder: "dlq",
    ours: [],
    others: ["graceful-fs", "proper-lockfile", "retry", "signal-exit"],
    entries: ["@chimera/dlq", "@chimera/dlq/conformance", "@chimera/dlq/testing"],
    exported: "FileDeadLetterStore",
  },
  {
    folder: "queue-core",
    ours: ["dlq"],
    others: ["@standard-schema/spec", "graceful-fs", "proper-lockfile", "retry", "signal-exit"],
    entries: ["@chimera/queue-core", "@chimera/queue-core/conformance", "@chimera/queue-core/testing"],
    exported: "LocalQueue",
  },
];
