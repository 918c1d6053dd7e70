import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

import { serverForFile } from "../support/server-for-file.ts";

const server = serverForFile();
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

it("the README's example runs as it stands", () => {
  const [, example = ""] = /```ts\n(.*?)```/s.exec(readFileSync(join(PACKAGE, "README.md"), "utf8")) ?? [];
  const directory = mkdtempSync(join(PACKAGE, "test", ".readme-"));
  try {
    writeFileSync(join(directory, "example.mts"), example);
    const args = ["--conditions=@chimera/source", "--import", TSX, "example.mts"];
    const env = { ...process.env, CHIMERA_CLICKHOUSE_URL: server.url };
    const printed = execFileSync(process.execPath, args, { cwd: directory, env, encoding: "utf8" });
    expect(printed).toBe("stored [ { quakes: 1 } ]\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
