import type { LogFields, Logger } from "@chimera/dlq";

/**
 * Warnings and errors as plain lines. They are held back until the run has begun: what a server that does not serve
 * leads to is told once, with the setting to mend.
 */
export class HeldWarnings implements Logger {
  readonly #write: (line: string) => void;
  #held: string[] | undefined = [];

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  debug(): void {}

  info(): void {}

  warn(event: string, fields?: LogFields): void {
    this.#tell("warning", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#tell("error", event, fields);
  }

  /** Writes what was held back, and from now on at once. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#write(line);
  }

  #tell(level: string, event: string, fields: LogFields = {}): void {
    const values = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    const line = `${level}: ${event}${values.join("")}\n`;
    if (this.#held === undefined) this.#write(line);
    else this.#held.push(line);
  }
}
