import { randomBytes } from "node:crypto";
import { integerIssue, issuesOf, stderrLogger, systemClock, type Clock, type Logger } from "@chimera/dlq";
import { assertQueueName } from "../contract-checks.ts";
import { QueueError } from "../errors.ts";
import {
  journalIssues,
  resolveJournalOptions,
  type JournalOptions,
  type ResolvedJournalOptions,
} from "./journal/journal-options.ts";

export interface LocalBackendOptions {
  /** Bounds ready and delayed jobs together, 1 to 2^53 - 1; what is over is answered with `full`. @defaultValue no bound */
  readonly maxDepth?: number;
  /** Keeps the jobs on disk. @defaultValue none: they live and die with the process */
  readonly journal?: JournalOptions;
  /** Where repairs and failures of the journal are told. @defaultValue warnings and errors on standard error */
  readonly logger?: Logger;
  /** @defaultValue the system's clock */
  readonly clock?: Clock;
  /** Makes the random part of this backend's receipts: text that no other backend ever has. @defaultValue 48 random bits */
  readonly createId?: () => string;
}

export interface ResolvedLocalBackendOptions {
  readonly maxDepth: number;
  readonly journal: ResolvedJournalOptions | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly createId: () => string;
}

/** @throws QueueError `QUEUE_INVALID` with every issue. */
export function resolveLocalBackendOptions(
  name: string,
  options: LocalBackendOptions,
): ResolvedLocalBackendOptions {
  assertQueueName(name);
  const {
    maxDepth = Infinity,
    journal,
    logger = stderrLogger,
    clock = systemClock,
    createId = () => randomBytes(6).toString("base64url"),
  } = options;
  const issues = [
    ...issuesOf(maxDepth === Infinity ? undefined : integerIssue("maxDepth", maxDepth, { min: 1 })),
    ...(journal === undefined ? [] : journalIssues(journal)),
  ];
  if (issues.length > 0) throw new QueueError("QUEUE_INVALID", issues.join("; "), { issues });
  return Object.freeze({
    maxDepth,
    journal: journal && resolveJournalOptions(journal),
    logger,
    clock,
    createId,
  });
}
