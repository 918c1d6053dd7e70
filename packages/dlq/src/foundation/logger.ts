/** Named values of a log line. Never secrets: a package redacts before it logs. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a package writes what an operator should know. The shape of pino and of most loggers turned round:
 * the event first, since it is the stable name to search for.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

const ignore = (): void => {};

/** Drops everything. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Warnings and errors as one line each on standard error: the default where no logger was given. */
export const stderrLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: (event, fields) => write("warn", event, fields),
  error: (event, fields) => write("error", event, fields),
};

function write(level: string, event: string, fields: LogFields = {}): void {
  process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
}
