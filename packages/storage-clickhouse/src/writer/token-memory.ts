import type { WriteResult } from "./tickets.ts";

/** Results by the tokens of their rows, so that a repeat gets the first's answer and is not stored again. */
export class TokenMemory {
  readonly #limit: number;
  readonly #live = new Map<string, Promise<WriteResult>>();
  /** Settled ones, oldest first. */
  readonly #settled = new Map<string, WriteResult>();

  /** @param limit - settled results that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The result of the row with this token, if it is on its way or lately settled. */
  find(token: string): Promise<WriteResult> | WriteResult | undefined {
    return this.#live.get(token) ?? this.#settled.get(token);
  }

  /** Notes a row on its way. One that fails is forgotten: its repeat is written. */
  remember(token: string, result: Promise<WriteResult>): void {
    this.#live.set(token, result);
    result.then(
      (settled) => this.#keep(token, settled),
      () => this.#live.delete(token),
    );
  }

  #keep(token: string, result: WriteResult): void {
    this.#live.delete(token);
    this.#settled.set(token, result);
    if (this.#settled.size <= this.#limit) return;
    const [oldest] = this.#settled.keys();
    if (oldest !== undefined) this.#settled.delete(oldest);
  }
}
