import { CodedError, EnvironmentReader } from "@chimera/dlq";
import type { Environment } from "@chimera/dlq";

/** Settings or options that a person has to mend, one line each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super(issues.join("\n"));
    this.issues = issues;
  }
}

/** Whether a variable has a value; an empty one counts as unset everywhere. */
export function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? "") !== "";
}

/** The same environment with a value for each of these names that has none. */
export function withDefaults(
  environment: Environment,
  defaults: Readonly<Record<string, string>>,
): Environment {
  const missing = Object.entries(defaults).filter(([name]) => !isSet(environment, name));
  const values = Object.fromEntries(missing.map(([name, value]) => [name, { value }]));
  return Object.create(environment, values) as Environment;
}

/** Gathers what is wrong over several packages' settings, so that a person mends all of it at once. */
export class SettingsCheck {
  readonly #issues: string[] = [];

  /**
   * What `make` makes; `undefined` when it refused its settings, which is then noted.
   *
   * @throws whatever `make` throws that does not list issues.
   */
  async attempt<Made>(make: () => Made | Promise<Made>): Promise<Made | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof CodedError || error instanceof SettingsError) || error.issues.length === 0)
        throw error;
      this.#issues.push(...error.issues);
      return undefined;
    }
  }

  /** What `read` finds in the environment; what it rejects is noted. */
  read<Found>(environment: Environment, read: (reader: EnvironmentReader) => Found): Found {
    const reader = new EnvironmentReader(environment);
    const found = read(reader);
    this.#issues.push(...reader.issues);
    return found;
  }

  /** Whether anything was noted. */
  get failed(): boolean {
    return this.#issues.length > 0;
  }

  /** Everything that was noted, as one error. */
  error(): SettingsError {
    return new SettingsError(this.#issues);
  }

  /** Notes that a server does not serve. @param expected - after "expected", without a secret */
  reject(name: string, expected: string): void {
    this.#issues.push(`${name}: expected ${expected}`);
  }

  /** @throws SettingsError with every issue that was noted. */
  throwIfAny(): void {
    if (this.failed) throw this.error();
  }
}
