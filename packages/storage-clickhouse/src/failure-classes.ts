/**
 * What ClickHouse's error numbers mean for an insert. Names were checked against 26.7 (`system.errors`);
 * the transient ones extend the list of ClickHouse's own Kafka Connect sink.
 */

/** What to do about a failed insert. */
export type FailureClass =
  /** The surroundings failed: try again with backoff. */
  | "transient"
  /** The content of some row: take it out and send the rest. */
  | "row"
  /** The server or its schema is not ready for us: hold, raise an alarm, try again slowly. */
  | "configuration"
  /** Anything else the server says: the same again cannot help. */
  | "rejected";

/** Overload that more tries make worse: the wait before the next is a long one. */
const SLOW: ReadonlySet<number> = new Set([
  201, // QUOTA_EXCEEDED
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
]);

/** The insert may have happened although an error was reported. */
const OUTCOME_UNKNOWN: ReadonlySet<number> = new Set([
  159, // TIMEOUT_EXCEEDED
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
]);

const TRANSIENT: ReadonlySet<number> = new Set([
  ...SLOW,
  ...OUTCOME_UNKNOWN,
  160, // TOO_SLOW
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  254, // NO_ACTIVE_REPLICAS
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  289, // REPLICA_IS_NOT_IN_QUORUM
  373, // SESSION_IS_LOCKED
  416, // CANNOT_CONNECT_RABBITMQ
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  473, // DEADLOCK_AVOIDED
  519, // ALL_REPLICAS_LOST
  667, // NOT_INITIALIZED
  700, // USER_SESSION_LIMIT_EXCEEDED
  733, // TABLE_IS_BEING_RESTARTED
  738, // FAULT_INJECTED
  745, // SERVER_OVERLOADED
  749, // TCP connection limit
  999, // KEEPER_EXCEPTION
]);

const ROW: ReadonlySet<number> = new Set([
  6, // CANNOT_PARSE_TEXT
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  469, // VIOLATED_CONSTRAINT
  691, // UNKNOWN_ELEMENT_OF_ENUM
]);

const CONFIGURATION: ReadonlySet<number> = new Set([
  16, // NO_SUCH_COLUMN_IN_TABLE
  20, // NUMBER_OF_COLUMNS_DOESNT_MATCH
  46, // UNKNOWN_FUNCTION
  47, // UNKNOWN_IDENTIFIER
  60, // UNKNOWN_TABLE
  62, // SYNTAX_ERROR
  81, // UNKNOWN_DATABASE
  115, // UNKNOWN_SETTING
  164, // READONLY
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  452, // SETTING_CONSTRAINT_VIOLATION
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
]);

/** The class of an error number. A number nobody listed counts as about a row when the server names one. */
export function classOfServerCode(code: number, namesRow: boolean): FailureClass {
  if (TRANSIENT.has(code)) return "transient";
  if (CONFIGURATION.has(code)) return "configuration";
  return ROW.has(code) || namesRow ? "row" : "rejected";
}

/** Whether the next try should wait long. */
export function isSlowServerCode(code: number): boolean {
  return SLOW.has(code);
}

/** Whether the insert may have happened all the same. */
export function leavesOutcomeUnknown(code: number): boolean {
  return OUTCOME_UNKNOWN.has(code);
}

/** Whether the server does not know us: it refused before it looked at the statement. */
export function isIdentityCode(code: number): boolean {
  return [192, 193, 194, 516].includes(code);
}

/** System errors from before anything was sent: the insert cannot have happened. */
export const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
]);

/** Node's codes of a TLS set-up that waiting alone does not mend. */
export function isTlsCode(code: string): boolean {
  return /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
}
