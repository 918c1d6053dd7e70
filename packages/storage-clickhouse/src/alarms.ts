import type { Clock } from "@chimera/dlq";

/** Something that a person should look at, for as long as it lasts. */
export interface Alarm {
  readonly table: string;
  readonly code: string;
  /** Redacted. */
  readonly message: string;
  /** When it was first raised, ISO 8601. */
  readonly since: string;
}

/** What is wrong right now, by key: raised again and again while it lasts, cleared when it is over. */
export class Alarms {
  readonly #clock: Clock;
  readonly #raised = new Map<string, Alarm>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Raises an alarm, or refreshes what one says; it keeps when it began. */
  raise(key: string, alarm: Omit<Alarm, "since">): void {
    const since = this.#raised.get(key)?.since ?? new Date(this.#clock.now()).toISOString();
    this.#raised.set(key, { ...alarm, since });
  }

  clear(key: string): void {
    this.#raised.delete(key);
  }

  list(): Alarm[] {
    return [...this.#raised.values()];
  }
}
