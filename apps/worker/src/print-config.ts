import { MASK, redactText } from "@chimera/dlq";
import type { Environment } from "@chimera/dlq";

import { SETTING_DEFAULTS, UNSET_MEANS } from "./setting-defaults.ts";
import { isSet } from "./settings-check.ts";

/** Names of variables whose values are never shown. */
const SECRET_NAME = /PASSWORD|TOKEN|SECRET/;

/**
 * The variables that the service reads, one a line: those that are set with their values, secrets masked, then those
 * that are not, with the value that holds instead or what their absence means. Of libpq's own (`PGHOST` and its like)
 * only those that are set.
 */
export function printedConfig(environment: Environment, names: Iterable<string>): string {
  const sorted = [...names].toSorted();
  const set = sorted
    .filter((name) => /^(?:CHIMERA_|PG)/.test(name) && isSet(environment, name))
    .map((name) => `${name}=${shown(name, environment[name] ?? "")}`);
  const unset = sorted
    .filter((name) => name.startsWith("CHIMERA_") && !isSet(environment, name))
    .map(ofDefault);
  return [...set, ...unset].map((line) => `${line}\n`).join("");
}

function shown(name: string, value: string): string {
  return SECRET_NAME.test(name) ? MASK : redactText(value);
}

function ofDefault(name: string): string {
  const value = SETTING_DEFAULTS[name];
  return value === undefined ? `${name} (not set: ${UNSET_MEANS[name]})` : `${name}=${value} (default)`;
}
