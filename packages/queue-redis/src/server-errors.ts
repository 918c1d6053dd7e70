import { errorCode, errorMessage } from "@chimera/dlq";
import { QueueError } from "@chimera/queue-core";

/**
 * What is known of a call that failed.
 *
 * `again`: it was not executed and the same call may succeed soon. `script`: it was not executed because the server does not
 * know the script. `refused`: the server answered with an error that the same call would meet again. `unknown`: there was no
 * answer, and it may have been executed.
 */
export type FailureClass = "again" | "script" | "refused" | "unknown";

/**
 * The first word of an error reply -> what it says. A lost connection and a missing reply are
 * `unknown`. Sources: Redis `server.c` and `cluster.c` (`shared.*err`, `getNodeByQuery`), and node-redis' error classes.
 */
const REPLIES: Readonly<Record<string, FailureClass>> = {
  NOSCRIPT: "script",
  LOADING: "again",
  MASTERDOWN: "again",
  CLUSTERDOWN: "again",
  TRYAGAIN: "again",
  MOVED: "again",
  ASK: "again",
  // The first write of a script meets these before it has written anything.
  READONLY: "again",
  NOREPLICAS: "again",
  BUSY: "again",
  MISCONF: "refused",
  OOM: "refused",
  NOAUTH: "refused",
  WRONGPASS: "refused",
  NOPERM: "refused",
  WRONGTYPE: "refused",
  CHIMERA_LAYOUT_NEWER: "refused",
  CHIMERA_PARTITIONS_DIFFER: "refused",
  CHIMERA_SUPERSEDED: "refused",
};

/** Names of node-redis' errors for calls that were never written to a socket. */
const NEVER_WRITTEN = new Set(["ClientOfflineError", "ClientClosedError", "ConnectionTimeoutError"]);

/** Names of node-redis' errors for answers of the server. By name: a client that was handed over may come from another copy. */
const REPLY_ERRORS = new Set(["ErrorReply", "SimpleError", "BlobError"]);

function isReply(error: unknown): boolean {
  return error instanceof Error && REPLY_ERRORS.has(error.constructor.name);
}

/** The word that says what a reply means. Redis 6.2 wraps the reply that a script met in a sentence of its own. */
export function replyWord(error: unknown): string | undefined {
  const message = errorMessage(error);
  const first = /^-?([A-Z][A-Z_]+)(?: |$)/.exec(message)?.[1];
  if (first !== undefined && first !== "ERR") return first;
  return /: -?([A-Z][A-Z_]+) /.exec(message)?.[1];
}

export function classifyFailure(error: unknown): FailureClass {
  if (error instanceof QueueError && error.code === "QUEUE_CLOSED") return "refused";
  if (error instanceof Error && NEVER_WRITTEN.has(error.constructor.name)) return "again";
  return REPLIES[replyWord(error) ?? ""] ?? (isReply(error) ? "refused" : "unknown");
}

/** The error that a caller sees. Only the reply's first words are quoted: a reply may hold what was sent. */
export function toQueueError(error: unknown, what: string): QueueError {
  if (error instanceof QueueError) return error;
  const word = replyWord(error);
  // A number of partitions that is being changed stands behind a zero.
  const detail = /^\S+ 0*(\d+)$/.exec(errorMessage(error))?.[1] ?? "?";
  switch (word) {
    case "OOM":
      return new QueueError(
        "BACKEND_FULL",
        `Redis is at its maxmemory and refused to ${what}; nothing was written`,
        {
          retryable: true,
        },
      );
    case "CHIMERA_LAYOUT_NEWER":
      return new QueueError(
        "QUEUE_LAYOUT_NEWER",
        `A newer release wrote this queue in layout ${detail}; upgrade @chimera/queue-redis`,
      );
    case "CHIMERA_PARTITIONS_DIFFER":
      return new QueueError(
        "QUEUE_PARTITIONS_DIFFER",
        `The queue holds jobs over ${detail} partitions; open it with \`partitions: ${detail}\` or drain it first`,
      );
    case "NOAUTH":
    case "WRONGPASS":
    case "NOPERM":
      return new QueueError("BACKEND_UNAVAILABLE", `Redis does not allow to ${what}: ${word}`, {
        retryable: true,
      });
    case undefined:
    default:
      return new QueueError("BACKEND_UNAVAILABLE", `Redis could not ${what}: ${word ?? nameOf(error)}`, {
        retryable: true,
      });
  }
}

/** How replies without a word of their own begin, as far as they hold nothing that was sent. Source: Redis' C files. */
const PLAIN_REPLIES =
  /^ERR (max number of clients|unknown command|DB index is out of range|SELECT is not allowed in cluster mode|AUTH <password> called without any password)/;

/** What went wrong on the way to the server, in a few words. */
function nameOf(error: unknown): string {
  const plain = PLAIN_REPLIES.exec(errorMessage(error))?.[1];
  return plain ?? errorCode(error) ?? (error instanceof Error ? error.constructor.name : "no answer");
}

/** Throws what went wrong as the error that a caller sees. */
export function fail(what: string): (error: unknown) => never {
  return (error) => {
    throw toQueueError(error, what);
  };
}
