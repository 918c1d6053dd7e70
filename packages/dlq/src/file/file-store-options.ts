import { resolve } from "node:path";
import { DlqError } from "../errors.ts";
import { systemClock, type Clock } from "../foundation/clock.ts";
import { EnvironmentReader, type Environment } from "../foundation/environment.ts";
import { stderrLogger, type Logger } from "../foundation/logger.ts";
import { choiceIssue, integerIssue, issuesOf, type Range } from "../foundation/options.ts";
import { redactionIssues } from "../redaction.ts";

/** What to do when `maxBytes` is reached: refuse new letters, or drop the oldest rotated file. */
export type WhenFull = "block" | "drop-oldest";

/** Options of `FileDeadLetterStore`. */
export interface FileDeadLetterStoreOptions {
  /** The file that letters are appended to; its directory is made when missing. @defaultValue "dlq.jsonl" */
  readonly path?: string;
  /**
   * Bytes after which the file is renamed to `<path>.000001` and so on and a new one begun, 4_096 or more.
   * @defaultValue 134_217_728 (128 MiB), or a quarter of `maxBytes` where that is less
   */
  readonly rotateBytes?: number;
  /** Bytes that all files together may take, 16_384 or more. @defaultValue no limit */
  readonly maxBytes?: number;
  /**
   * What happens at `maxBytes`. `block`: appends are refused with `DLQ_FULL` until letters are purged.
   * `drop-oldest`: the oldest rotated file is deleted, dead letters in it too; each is counted and logged.
   * @defaultValue "block"
   */
  readonly whenFull?: WhenFull;
  /**
   * Milliseconds after which letters are deleted, dead or replayed, 60_000 or more. Whole files go, so a letter
   * lives up to half as long again. @defaultValue no limit
   */
  readonly maxAgeMs?: number;
  /** Places to mask, such as `payload.user.email` or `headers.authorization`. @defaultValue [] */
  readonly redact?: readonly string[];
  /** @defaultValue warnings and errors on standard error */
  readonly logger?: Logger;
  /** @defaultValue the system's */
  readonly clock?: Clock;
}

/** Options with every default filled in. */
export interface ResolvedFileStoreOptions {
  /** Absolute, so that a later change of the working directory changes nothing. */
  readonly path: string;
  readonly rotateBytes: number;
  readonly maxBytes: number;
  readonly whenFull: WhenFull;
  readonly maxAgeMs: number;
  readonly redact: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
}

const DEFAULT_PATH = "dlq.jsonl";
/** Small enough to be purged and copied quickly, large enough that a million letters are a handful of files. */
const DEFAULT_ROTATE_BYTES = 134_217_728;
/** Dropping the oldest file drops at most about this part of everything. */
const ROTATED_PARTS = 4;
const WHEN_FULL: readonly WhenFull[] = ["block", "drop-oldest"];
const ROTATE_RANGE: Range = { min: 4_096 };
const MAX_BYTES_RANGE: Range = { min: 16_384 };
const MAX_AGE_RANGE: Range = { min: 60_000 };

/** Checks options and fills in the defaults. @throws DlqError `DLQ_INVALID` with every issue. */
export function resolveFileStoreOptions(options: FileDeadLetterStoreOptions): ResolvedFileStoreOptions {
  const { path = DEFAULT_PATH, maxBytes, maxAgeMs, whenFull = "block", redact = [] } = options;
  const rotateBytes =
    options.rotateBytes ?? Math.min(DEFAULT_ROTATE_BYTES, Math.floor((maxBytes ?? Infinity) / ROTATED_PARTS));
  const issues = issuesOf(
    path === "" ? "Expected `path` to be the path of a file, got an empty text" : undefined,
    integerIssue("rotateBytes", rotateBytes, ROTATE_RANGE),
    maxBytes === undefined ? undefined : integerIssue("maxBytes", maxBytes, MAX_BYTES_RANGE),
    maxAgeMs === undefined ? undefined : integerIssue("maxAgeMs", maxAgeMs, MAX_AGE_RANGE),
    choiceIssue("whenFull", whenFull, WHEN_FULL),
    maxBytes !== undefined && rotateBytes * 2 > maxBytes
      ? "Expected `rotateBytes` to be at most half of `maxBytes`"
      : undefined,
    ...redactionIssues(redact),
  );
  if (issues.length > 0) throw new DlqError("DLQ_INVALID", issues.join("; "), { issues });
  return Object.freeze({
    path: resolve(path),
    rotateBytes,
    maxBytes: maxBytes ?? Infinity,
    whenFull,
    maxAgeMs: maxAgeMs ?? Infinity,
    redact,
    logger: options.logger ?? stderrLogger,
    clock: options.clock ?? systemClock,
  });
}

/**
 * Reads `CHIMERA_DLQ_PATH`, `CHIMERA_DLQ_ROTATE_BYTES`, `CHIMERA_DLQ_MAX_BYTES`, `CHIMERA_DLQ_WHEN_FULL`,
 * `CHIMERA_DLQ_MAX_AGE_MS` and `CHIMERA_DLQ_REDACT` (paths with commas between them).
 * @throws DlqError `DLQ_INVALID` with every issue.
 */
export function fileStoreOptionsFromEnv(environment: Environment): FileDeadLetterStoreOptions {
  const reader = new EnvironmentReader(environment);
  const path = reader.text("CHIMERA_DLQ_PATH");
  const rotateBytes = reader.integer("CHIMERA_DLQ_ROTATE_BYTES", ROTATE_RANGE);
  const maxBytes = reader.integer("CHIMERA_DLQ_MAX_BYTES", MAX_BYTES_RANGE);
  const maxAgeMs = reader.integer("CHIMERA_DLQ_MAX_AGE_MS", MAX_AGE_RANGE);
  const whenFull = reader.choice("CHIMERA_DLQ_WHEN_FULL", WHEN_FULL);
  const redact = reader
    .text("CHIMERA_DLQ_REDACT")
    ?.split(",")
    .map((part) => part.trim());
  if (redact !== undefined && redactionIssues(redact).length > 0) {
    reader.reject("CHIMERA_DLQ_REDACT", "paths like payload.user.email,headers.authorization");
  }
  const { issues } = reader;
  if (issues.length > 0) throw new DlqError("DLQ_INVALID", issues.join("; "), { issues });
  return {
    ...(path !== undefined && { path }),
    ...(rotateBytes !== undefined && { rotateBytes }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(whenFull !== undefined && { whenFull }),
    ...(redact !== undefined && { redact }),
  };
}
