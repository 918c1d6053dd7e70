import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Reads the manifest beside the resolved file: many packages do not export their package.json. */
export function installedVersion(packageName: string): string {
  let directory = dirname(createRequire(import.meta.url).resolve(packageName));
  for (; directory !== dirname(directory); directory = dirname(directory)) {
    const path = join(directory, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
    if (manifest.name === packageName && manifest.version !== undefined) return manifest.version;
  }
  return "unknown";
}
