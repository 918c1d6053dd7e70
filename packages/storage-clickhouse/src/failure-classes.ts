/**
 * What ClickHouse's error numbers mean for an insert. A test compares the names with those of 26.7; the transient
 * ones extend the list of ClickHouse's own Kafka Connect sink.
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

/** Error numbers with the server's names for them. */
type ServerCodes = Readonly<Record<number, string>>;

/** Overload, or a full disk (75 and 294 too): more tries make it worse, so the wait before the next is a long one. */
const SLOW: ServerCodes = {
  75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
  201: "QUOTA_EXCEEDED",
  243: "NOT_ENOUGH_SPACE",
  252: "TOO_MANY_PARTS",
  294: "CANNOT_WRITE_TO_FILE",
};

/** The insert may have happened although an error was reported. */
const OUTCOME_UNKNOWN: ServerCodes = {
  3: "UNEXPECTED_END_OF_FILE",
  95: "CANNOT_READ_FROM_SOCKET",
  96: "CANNOT_WRITE_TO_SOCKET",
  159: "TIMEOUT_EXCEEDED",
  209: "SOCKET_TIMEOUT",
  210: "NETWORK_ERROR",
  319: "UNKNOWN_STATUS_OF_INSERT",
  394: "QUERY_WAS_CANCELLED",
  734: "CANNOT_WRITE_AFTER_BUFFER_CANCELED",
  735: "QUERY_WAS_CANCELLED_BY_CLIENT",
  1000: "POCO_EXCEPTION",
  1001: "STD_EXCEPTION",
};

/** Network, memory, files, Keeper, replicas, load. */
const TRANSIENT: ServerCodes = {
  ...SLOW,
  ...OUTCOME_UNKNOWN,
  74: "CANNOT_READ_FROM_FILE_DESCRIPTOR",
  76: "CANNOT_OPEN_FILE",
  160: "TOO_SLOW",
  172: "CANNOT_CREATE_DIRECTORY",
  173: "CANNOT_ALLOCATE_MEMORY",
  198: "DNS_ERROR",
  202: "TOO_MANY_SIMULTANEOUS_QUERIES",
  203: "NO_FREE_CONNECTION",
  204: "CANNOT_FSYNC",
  225: "NO_ZOOKEEPER",
  236: "ABORTED",
  241: "MEMORY_LIMIT_EXCEEDED",
  242: "TABLE_IS_READ_ONLY",
  244: "UNEXPECTED_ZOOKEEPER_ERROR",
  254: "NO_ACTIVE_REPLICAS",
  265: "NO_AVAILABLE_REPLICA",
  279: "ALL_CONNECTION_TRIES_FAILED",
  285: "TOO_FEW_LIVE_REPLICAS",
  286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
  289: "REPLICA_IS_NOT_IN_QUORUM",
  297: "SHARD_HAS_NO_CONNECTIONS",
  369: "ALL_REPLICAS_ARE_STALE",
  373: "SESSION_IS_LOCKED",
  384: "PART_IS_TEMPORARILY_LOCKED",
  415: "ALL_REPLICAS_LOST",
  416: "REPLICA_STATUS_CHANGED",
  425: "SYSTEM_ERROR",
  439: "CANNOT_SCHEDULE_TASK",
  473: "DEADLOCK_AVOIDED",
  499: "S3_ERROR",
  500: "AZURE_BLOB_STORAGE_ERROR",
  519: "NO_REMOTE_SHARD_AVAILABLE",
  586: "CANNOT_CREATE_FILE",
  641: "CANNOT_APPEND_TO_FILE",
  667: "NOT_INITIALIZED",
  696: "ASYNC_LOAD_CANCELED",
  700: "USER_SESSION_LIMIT_EXCEEDED",
  733: "TABLE_IS_BEING_RESTARTED",
  738: "PART_IS_LOCKED",
  745: "SERVER_OVERLOADED",
  749: "TCP_CONNECTION_LIMIT_REACHED",
  762: "HTTP_CONNECTION_LIMIT_REACHED",
  771: "CACHE_CANNOT_WRITE_TO_CACHE_DISK",
  776: "RESOURCE_LIMIT_EXCEEDED",
  777: "MEMORY_RESERVATION_KILLED",
  778: "MEMORY_RESERVATION_FAILED",
  904: "TOO_MANY_UNAVAILABLE_SHARDS",
  999: "KEEPER_EXCEPTION",
};

const ROW: ServerCodes = {
  6: "CANNOT_PARSE_TEXT",
  25: "CANNOT_PARSE_ESCAPE_SEQUENCE",
  26: "CANNOT_PARSE_QUOTED_STRING",
  27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
  33: "CANNOT_READ_ALL_DATA",
  38: "CANNOT_PARSE_DATE",
  41: "CANNOT_PARSE_DATETIME",
  53: "TYPE_MISMATCH",
  69: "ARGUMENT_OUT_OF_BOUND",
  70: "CANNOT_CONVERT_TYPE",
  72: "CANNOT_PARSE_NUMBER",
  117: "INCORRECT_DATA",
  130: "CANNOT_READ_ARRAY_FROM_TEXT",
  131: "TOO_LARGE_STRING_SIZE",
  349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
  469: "VIOLATED_CONSTRAINT",
  691: "UNKNOWN_ELEMENT_OF_ENUM",
};

/** 60 and 81 may be a migration in flight. */
const CONFIGURATION: ServerCodes = {
  16: "NO_SUCH_COLUMN_IN_TABLE",
  20: "NUMBER_OF_COLUMNS_DOESNT_MATCH",
  46: "UNKNOWN_FUNCTION",
  47: "UNKNOWN_IDENTIFIER",
  60: "UNKNOWN_TABLE",
  62: "SYNTAX_ERROR",
  81: "UNKNOWN_DATABASE",
  115: "UNKNOWN_SETTING",
  164: "READONLY",
  180: "THERE_IS_NO_PROFILE",
  192: "UNKNOWN_USER",
  193: "WRONG_PASSWORD",
  194: "REQUIRED_PASSWORD",
  218: "TABLE_IS_DROPPED",
  291: "DATABASE_ACCESS_DENIED",
  452: "SETTING_CONSTRAINT_VIOLATION",
  472: "READONLY_SETTING",
  497: "ACCESS_DENIED",
  516: "AUTHENTICATION_FAILED",
  720: "USER_EXPIRED",
  774: "TABLE_IS_PERMANENTLY_READ_ONLY",
};

/** Every number that has a class of its own. */
export const CLASSIFIED: Readonly<Record<Exclude<FailureClass, "rejected">, ServerCodes>> = {
  transient: TRANSIENT,
  row: ROW,
  configuration: CONFIGURATION,
};

/** The class of an error number. A number nobody listed counts as about a row when the server names one. */
export function classOfServerCode(code: number, namesRow: boolean): FailureClass {
  if (code in TRANSIENT) return "transient";
  if (code in CONFIGURATION) return "configuration";
  return code in ROW || namesRow ? "row" : "rejected";
}

/** Whether the next try should wait long. */
export function isSlowServerCode(code: number): boolean {
  return code in SLOW;
}

/** Whether the insert may have happened all the same. */
export function leavesOutcomeUnknown(code: number): boolean {
  return code in OUTCOME_UNKNOWN;
}

/** Whether the text of a statement is wrong: waiting mends a schema or a right, but not a misspelt query or setting. */
export function isStatementCode(code: number): boolean {
  return [20, 46, 47, 62, 115, 452].includes(code);
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
