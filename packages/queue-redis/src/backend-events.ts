import { errorMessage, redactText, type Logger } from "@chimera/dlq";

/** What a queue on Redis tells whoever listens. */
export interface RedisBackendEvents {
  /** The connection for commands is back after it was lost. */
  readonly reconnected: Record<string, never>;
  /** A fetch of this process found leases ended, its own or others', and gave their jobs back. */
  readonly reclaimed: { readonly count: number };
}

/** Listeners of one queue. One that throws, or whose promise rejects, is reported and hurts nobody. */
export class BackendEvents {
  readonly #logger: Logger;
  readonly #listeners = new Map<string, Set<(event: never) => unknown>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns what takes the listener off again. */
  on<Name extends keyof RedisBackendEvents>(
    name: Name,
    listener: (event: RedisBackendEvents[Name]) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof RedisBackendEvents>(name: Name, event: RedisBackendEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const answer = (listener as (event: RedisBackendEvents[Name]) => unknown)(event);
        if (answer instanceof Promise) answer.catch((error: unknown) => this.#report(name, error));
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  #report(name: string, error: unknown): void {
    this.#logger.error("redis.listener-failed", { event: name, message: redactText(errorMessage(error)) });
  }
}
