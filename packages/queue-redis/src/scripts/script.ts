import { createHash } from "node:crypto";

/** A Lua script with the keys it takes, in their order. */
export interface Script {
  readonly name: string;
  readonly keys: readonly string[];
  readonly source: string;
  readonly sha: string;
}

/** What every script begins with, and what its writes end with. */
export function defineScript(name: string, keys: readonly string[], ...parts: readonly string[]): Script {
  const locals = keys.map((key, index) => `local k_${key} = KEYS[${index + 1}]`);
  const source = [`-- chimera ${name}`, ...locals, ...parts.map((part) => part.trim())].join("\n");
  return { name, keys, source, sha: createHash("sha1").update(source).digest("hex") };
}
