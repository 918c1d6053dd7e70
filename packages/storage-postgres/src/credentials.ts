import { redactText } from "@chimera/dlq";

/** A password, or what answers it: asked anew for each connection, so that secrets can rotate. */
export type PasswordSource = string | (() => string | Promise<string>);

/** Rotated passwords that are still masked: a connection made with an old one can fail long after. */
const REMEMBERED = 8;

/** Holds the password where `inspect` and `JSON.stringify` do not look, and masks it in any text. */
export class Credentials {
  readonly #source: PasswordSource | undefined;
  /** The latest first, each in every form in which a message could quote it. */
  readonly #secrets: string[][] = [];

  constructor(source: PasswordSource | undefined) {
    this.#source = source;
    if (typeof source === "string") this.#remember(source);
  }

  /** The password to connect with now; empty when none was set. */
  async password(): Promise<string> {
    if (typeof this.#source !== "function") return this.#source ?? "";
    const password = await this.#source();
    if (typeof password !== "string")
      throw new TypeError(`Expected \`password\` to answer text, got ${typeof password}`);
    if (this.#secrets[0]?.[0] !== password) this.#remember(password);
    return password;
  }

  /** Text that may be logged: every password seen lately is masked, plain, percent-encoded, and as SQL or JSON quote it. */
  redact(text: string): string {
    return redactText(text, { secrets: this.#secrets.flat() });
  }

  #remember(password: string): void {
    const inSql = password.replaceAll("'", "''");
    const inJson = JSON.stringify(password).slice(1, -1);
    this.#secrets.unshift([...new Set([password, inSql, inJson])]);
    this.#secrets.length = Math.min(this.#secrets.length, REMEMBERED);
  }
}
