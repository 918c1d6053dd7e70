import type { Range } from "./options.ts";

/** A set of environment variables, `process.env` or a stand-in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings from environment variables and gathers everything that is wrong, so that a person mends
 * all of it at once. An unset or empty variable is absent. No issue ever shows a value: it may be a secret.
 */
export class EnvironmentReader {
  readonly #environment: Environment;
  readonly #issues: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** One line a wrong variable: its name and what was expected. */
  get issues(): readonly string[] {
    return this.#issues;
  }

  text(name: string): string | undefined {
    const value = this.#environment[name];
    return value === undefined || value === "" ? undefined : value;
  }

  integer(name: string, range: Range): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= range.min && value <= (range.max ?? Number.MAX_SAFE_INTEGER))
      return value;
    const upTo = range.max === undefined ? `>= ${range.min}` : `from ${range.min} to ${range.max}`;
    return this.reject(name, `an integer ${upTo}`);
  }

  boolean(name: string): boolean | undefined {
    const value = this.choice(name, ["true", "false"]);
    return value === undefined ? undefined : value === "true";
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    return found ?? this.reject(name, `one of ${choices.join(", ")}`);
  }

  /** A URL with one of the schemes, given without a colon. An example shows the person the shape. */
  url(name: string, schemes: readonly string[], example: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : "";
    return schemes.includes(scheme) ? text : this.reject(name, `a URL like ${example}`);
  }

  /** Notes an issue that the caller found, in the same form. */
  reject(name: string, expected: string): undefined {
    this.#issues.push(`${name}: expected ${expected}`);
    return undefined;
  }
}
