import type { EndpointPool } from "../endpoints/endpoint-pool.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { readTableFacts } from "../table-facts.ts";
import type { TableName } from "../table-name.ts";

/**
 * Whether a batch that one server may have stored can be repeated on another: only the replicas of a Replicated or
 * Shared table keep the tokens together.
 */
export class ReplicaKnowledge {
  readonly #table: TableName;
  readonly #several: boolean;
  #shared: boolean | undefined;

  constructor(table: TableName, pool: EndpointPool) {
    this.#table = table;
    this.#several = pool.endpoints.length > 1;
  }

  /** `undefined` while it is not known: then a batch stays with its server. */
  get shared(): boolean | undefined {
    return this.#shared;
  }

  /** Asks a server, once; with a single server there is nothing to know. */
  async learn(endpoint: Endpoint): Promise<void> {
    if (!this.#several || this.#shared !== undefined) return;
    this.#shared = (await readTableFacts(endpoint, this.#table))?.replicated;
  }
}
