export { DEAD_LETTER_REASONS } from "./dead-letter.ts";
export type {
  AttemptError,
  DeadLetter,
  DeadLetterEnvelope,
  DeadLetterReason,
  DeadLetterState,
  PayloadEncoding,
} from "./dead-letter.ts";
export type {
  DeadLetterFilter,
  DeadLetterLock,
  DeadLetterStats,
  DeadLetterStore,
  StoredDeadLetter,
} from "./dead-letter-store.ts";
export { FileDeadLetterStore } from "./file/file-store.ts";
export type { FileDeadLetterStoreOptions, WhenFull } from "./file/file-store-options.ts";
export type { RetentionCounts } from "./file/retention.ts";
export { MemoryDeadLetterStore } from "./memory-store.ts";
export type { MemoryDeadLetterStoreOptions } from "./memory-store.ts";

// For stores of other packages and of teams.
export { deadLetterIssues } from "./dead-letter-check.ts";
export { compileFilter, resolveFilter } from "./filter.ts";
export type { DeadLetterMatcher, ResolvedFilter } from "./filter.ts";
export { createIntake } from "./intake.ts";
export { StatsTally } from "./stats-tally.ts";
export type { CountedLetters } from "./stats-tally.ts";
export type { IntakeOptions } from "./intake.ts";

export { replay } from "./replay/replay.ts";
export type { ReplayEnd, ReplayReport } from "./replay/replay.ts";
export type { ReplayOptions } from "./replay/replay-options.ts";
export { FileReplayCheckpoint } from "./replay/checkpoint.ts";
export type { ReplayCheckpoint, ReplayIdentity, ReplayProgress } from "./replay/checkpoint.ts";
export { replayIdOf } from "./replay/replay-id.ts";
export type { ReplayItem, ReplayOutcome, ReplayTarget } from "./replay-target.ts";
export { DlqError } from "./errors.ts";
export type { DlqErrorCode } from "./errors.ts";

// What every Chimera package stands on, kept in the leaf so that it exists once.
export { backoffDelayMs, backoffIssues, DEFAULT_BACKOFF } from "./foundation/backoff.ts";
export type { BackoffOptions } from "./foundation/backoff.ts";
export { sleep, systemClock } from "./foundation/clock.ts";
export type { Clock, Timer } from "./foundation/clock.ts";
export { CodedError, errorCode, errorMessage, isRetryable } from "./foundation/coded-error.ts";
export type { CodedErrorDetails } from "./foundation/coded-error.ts";
export { EnvironmentReader } from "./foundation/environment.ts";
export type { Environment } from "./foundation/environment.ts";
export { silentLogger, stderrLogger } from "./foundation/logger.ts";
export type { LogFields, Logger } from "./foundation/logger.ts";
export { choiceIssue, integerIssue, issuesOf, numberIssue } from "./foundation/options.ts";
export type { Range } from "./foundation/options.ts";
export { MASK, redactText } from "./foundation/redact.ts";
export type { RedactTextOptions } from "./foundation/redact.ts";
export { takeFileLock } from "./file/file-lock.ts";
export type { FileLockOptions } from "./file/file-lock.ts";
export { syncDirectory } from "./file/sync-directory.ts";
