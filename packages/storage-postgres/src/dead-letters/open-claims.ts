/** A letter that is claimed: its place in the table, and the list that claimed it. */
export interface Claim {
  readonly seq: string;
  readonly claimedBy: string;
}

/** Letters handed out that are remembered: about 20 MiB. Those before them come free with their time. */
const MAX_HANDED_OUT = 100_000;

/** What one view has claimed and nobody has dealt with yet. */
export class OpenClaims {
  readonly #handedOut = new Map<string, Claim>();
  #neverHandedOut: Claim[] = [];

  handedOut(id: string, claim: Claim): void {
    this.#handedOut.set(id, claim);
    if (this.#handedOut.size <= MAX_HANDED_OUT) return;
    for (const oldest of this.#handedOut.keys()) {
      this.#handedOut.delete(oldest);
      return;
    }
  }

  neverHandedOut(claims: readonly Claim[]): void {
    this.#neverHandedOut.push(...claims);
  }

  /** Letters that were marked, replaced or removed: their claims ended with that. */
  dealtWith(ids: Iterable<string>): void {
    for (const id of ids) this.#handedOut.delete(id);
  }

  /** Those that no list of this view has shown to anybody, and forgets them. */
  takeNeverHandedOut(): Claim[] {
    const claims = this.#neverHandedOut;
    this.#neverHandedOut = [];
    return claims;
  }

  /** All of them, and forgets them. */
  takeAll(): Claim[] {
    const claims = [...this.takeNeverHandedOut(), ...this.#handedOut.values()];
    this.#handedOut.clear();
    return claims;
  }
}
