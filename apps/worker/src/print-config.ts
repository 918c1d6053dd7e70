import { MASK, redactText } from "@chimera/dlq";
import type { Environment } from "@chimera/dlq";

/** Names of variables whose values are never shown. */
const SECRET_NAME = /PASSWORD|TOKEN|SECRET/;

/**
 * The variables that the service reads, one a line: those that are set with their values, secrets masked, then those
 * whose defaults hold.
 */
export function printedConfig(environment: Environment, names: Iterable<string>): string {
  const sorted = [...names].filter((name) => name.startsWith("CHIMERA_")).toSorted();
  const isSet = (name: string): boolean => (environment[name] ?? "") !== "";
  const set = sorted.filter(isSet).map((name) => `${name}=${shown(name, environment[name] ?? "")}`);
  const unset = sorted.filter((name) => !isSet(name)).map((name) => `${name} (default)`);
  return [...set, ...unset].map((line) => `${line}\n`).join("");
}

function shown(name: string, value: string): string {
  return SECRET_NAME.test(name) ? MASK : redactText(value);
}
