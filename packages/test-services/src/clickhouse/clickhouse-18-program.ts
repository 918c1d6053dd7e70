import { execFileSync } from "node:child_process";

import { debianProgram } from "../debian-program.ts";

/** A server program, or why there is none. */
export type ClickHouse18 = { readonly program: string } | { readonly missing: string };

/**
 * Debian's `clickhouse-server` 18.16: on the PATH, or installed now where this process is root on a Debian that has
 * it, said on standard error. Everywhere else the answer is a reason to print with a skipped test.
 */
export async function clickHouse18(): Promise<ClickHouse18> {
  const found = await debianProgram(["clickhouse-server"], "clickhouse-server");
  if (found === undefined) {
    return { missing: "no clickhouse-server 18.16: it comes with Debian 12, installed by root's apt-get" };
  }
  const version = packageVersion();
  return version.startsWith("18.16.")
    ? { program: found }
    : { missing: `the clickhouse-server here is not Debian's 18.16 but ${version}` };
}

/** The package manager knows it; the server of 18.16 itself has no option to ask for it. */
function packageVersion(): string {
  try {
    const query = ["-W", "-f", "${Version}", "clickhouse-server"];
    return execFileSync("dpkg-query", query, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "another package's";
  }
}
