import type { LogFields, Logger } from "@chimera/dlq";

/** Keeps every line, for a test to look at. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[] = [];

  readonly debug: Logger["debug"] = this.#at("debug");
  readonly info: Logger["info"] = this.#at("info");
  readonly warn: Logger["warn"] = this.#at("warn");
  readonly error: Logger["error"] = this.#at("error");

  /** The lines of one event. */
  of(event: string): LogFields[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  #at(level: string): Logger["debug"] {
    return (event, fields = {}) => void this.lines.push({ level, event, fields });
  }
}
