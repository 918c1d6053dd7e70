import { errorMessage } from "@chimera/dlq";
import { QueueError } from "@chimera/queue-core";
import type { EnqueueDurability } from "./backend-options.ts";
import { classifyFailure, toQueueError } from "./server-errors.ts";
import type { ServerLink } from "./server-link.ts";

/** How long past its own time-out a WAIT may be silent, in milliseconds. */
const GRACE_MS = 1_000;

export interface ConfirmationOptions {
  /** A connection of its own: a server holds everything up that stands behind a WAIT on the same one. */
  readonly link: ServerLink;
  /** Any key of the partition. */
  readonly key: string;
  readonly durability: Exclude<EnqueueDurability, "memory">;
  readonly timeoutMs: number;
}

/** Asks whether what this connection has written so far is where it has to be. */
export class Confirmation {
  readonly #options: ConfirmationOptions;

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /** @throws QueueError `BACKEND_UNAVAILABLE` (retryable): stored, and not confirmed. */
  async confirm(): Promise<void> {
    const { link, key, durability, timeoutMs } = this.#options;
    const words =
      durability === "fsync"
        ? ["WAITAOF", "1", "0", String(timeoutMs)]
        : ["WAIT", String(durability.replicas), String(timeoutMs)];
    let reply: unknown;
    try {
      reply = await link.send(key, words, timeoutMs + GRACE_MS);
    } catch (error) {
      // What the server says of its own settings: no WAITAOF before 7.2, none without an append-only file.
      const refused = classifyFailure(error) === "refused";
      throw unconfirmed(refused ? errorMessage(error) : toQueueError(error, "confirm").message);
    }
    const wanted = durability === "fsync" ? 1 : durability.replicas;
    const reached = Number(Array.isArray(reply) ? reply[0] : reply);
    if (reached < wanted) throw unconfirmed(`${reached} of ${wanted} within ${timeoutMs} ms`);
  }
}

function unconfirmed(why: string): QueueError {
  return new QueueError("BACKEND_UNAVAILABLE", `The jobs are stored, not confirmed: ${why}`, {
    retryable: true,
  });
}
