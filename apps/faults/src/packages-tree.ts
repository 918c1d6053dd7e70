import { execFileSync } from "node:child_process";

/** Git's short name of the committed state of `packages/`, or undefined where this is no checkout. It outlives a rebase, as a commit's does not. */
export function packagesTree(): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD:packages"], {
      cwd: new URL(".", import.meta.url),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
