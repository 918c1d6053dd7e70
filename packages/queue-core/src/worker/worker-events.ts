import type { Logger } from "@chimera/dlq";
import type { DeadLetter } from "@chimera/dlq";
import type { JobContext } from "./active-job.ts";
import { readThrown } from "./thrown.ts";

/** What a worker tells, and with what. */
export interface WorkerEvents {
  /** The handler succeeded and the backend has taken the settlement. */
  completed: { readonly job: JobContext; readonly durationMs: number };
  /** An attempt failed; `retrying` or `deadLettered` follows. */
  failed: { readonly job: JobContext; readonly error: unknown };
  /** The job will be delivered again after `delayMs`; `counts` is false where the surroundings failed. */
  retrying: {
    readonly job: JobContext;
    readonly error: unknown;
    readonly delayMs: number;
    readonly counts: boolean;
  };
  /** The letter is stored durably and the job is gone from the queue. */
  deadLettered: { readonly job: JobContext; readonly letter: DeadLetter };
  /** Another consumer may have the job, or will: what this attempt still does may be doubled. */
  leaseLost: { readonly job: JobContext };
  /** The backend answers again after it did not. */
  reconnected: { readonly outageMs: number };
}

export type WorkerEventName = keyof WorkerEvents;
export type WorkerListener<Name extends WorkerEventName> = (event: WorkerEvents[Name]) => void;

/**
 * Listeners by event. A listener that throws, or whose promise rejects, is logged and hurts neither the job nor the
 * listeners after it.
 */
export class WorkerEmitter {
  readonly #listeners = new Map<WorkerEventName, Set<(event: never) => unknown>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Answers a function that takes the listener off again. */
  on<Name extends WorkerEventName>(name: Name, listener: WorkerListener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(name, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(name);
    };
  }

  /** Whether anybody listens: lets the hot path leave out making an event. */
  has(name: WorkerEventName): boolean {
    return this.#listeners.has(name);
  }

  emit<Name extends WorkerEventName>(name: Name, event: WorkerEvents[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const answer = (listener as (event: WorkerEvents[Name]) => unknown)(event);
        if (answer instanceof Promise) answer.catch((error: unknown) => this.#report(name, error));
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  #report(name: WorkerEventName, error: unknown): void {
    this.#logger.error("worker.listener_failed", { listener: name, message: readThrown(error).message });
  }
}
