import type { LogFields, Logger } from "@chimera/dlq";
import { pino } from "pino";
import pretty from "pino-pretty";

/** The levels from the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names of fields whose values are never shown, three levels deep. */
const SECRETS = ["password", "token", "authorization", "secret", "apiKey"];

/**
 * Log lines as JSON, one an event, or for a person on a terminal. Packages redact what they log; fields named like
 * secrets are masked here once more.
 *
 * @param destination - where lines go. @defaultValue standard output
 */
export function createPinoLogger(
  level: LogLevel,
  isTerminal: boolean,
  destination?: NodeJS.WritableStream,
): Logger {
  const options = {
    level,
    base: null,
    redact: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  };
  const stream = isTerminal
    ? pretty({
        colorize: true,
        translateTime: "HH:MM:ss.l",
        singleLine: true,
        sync: true,
        ...(destination !== undefined && { destination }),
      })
    : destination;
  const log = stream === undefined ? pino(options) : pino(options, stream);
  const write =
    (name: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      log[name](fields, event);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
