import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const EXAMPLE = fileURLToPath(new URL("../../support/worker-readme-example.ts", import.meta.url));
const README = fileURLToPath(new URL("../../../README.md", import.meta.url));

it("the README's example is a program that runs, and ends", async () => {
  const example = readFileSync(EXAMPLE, "utf8");
  expect(readFileSync(README, "utf8")).toContain(`\`\`\`ts\n${example}\`\`\``);
  const cwd = mkdtempSync(join(tmpdir(), "chimera-readme-"));
  try {
    const tsx = import.meta.resolve("tsx");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", tsx, "--conditions=@chimera/source", EXAMPLE],
      { cwd, env: { ...process.env, NODE_ENV: "development" } },
    );
    expect(stdout).toBe("ada@example.org: Hello (delivery 1)\n");
    expect(existsSync(join(cwd, "emails.journal"))).toBe(true);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
