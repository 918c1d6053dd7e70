import type { CancelRequest } from "./cancel-request.ts";
import type { Connector } from "./connector.ts";
import type { Limits } from "./failure.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ClientContext } from "./pooled-client.ts";
import { PooledClient } from "./pooled-client.ts";

/** Makes a pool's clients, each with its own length of life. */
export class ClientMaker {
  readonly #options: ResolvedOptions;
  readonly #connector: Connector;
  readonly #context: ClientContext;

  constructor(
    options: ResolvedOptions,
    connector: Connector,
    cancel: CancelRequest,
    pool: Pick<ClientContext, "deadlines" | "onLost">,
  ) {
    this.#options = options;
    this.#connector = connector;
    this.#context = { clock: options.clock, cancel, ...pool };
  }

  /** @param end - gives up at once when it aborts. @throws Failure when there is no session to be had. */
  async make(limits: Limits, generation: number, end: AbortSignal): Promise<PooledClient> {
    const driver = await this.#connector.connect(limits, end);
    const { recycleMs, recycleJitter, random, clock } = this.#options;
    // Clients that were made in one burst must not all end in one.
    const lifetimeMs = recycleMs === 0 ? Infinity : recycleMs * (1 - recycleJitter * random());
    return new PooledClient(driver, this.#context, generation, clock.monotonic() + lifetimeMs);
  }
}
