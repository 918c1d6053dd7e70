import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { conformanceCases } from "../../src/conformance/index.ts";

const SUITE = fileURLToPath(new URL("../support/node-test-process.ts", import.meta.url));

test("the kit runs in Node's own test runner, skips with their reasons included", () => {
  const flags = ["--conditions=@chimera/source", "--import", "tsx", "--test-reporter=tap", "--test"];
  const { stdout } = spawnSync(process.execPath, [...flags, SUITE], { encoding: "utf8" });
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).toContain("# SKIP the fixture lacks restartServer");
  const [, passed = "0"] = /^# pass (\d+)$/m.exec(stdout) ?? [];
  const [, skipped = "0"] = /^# skipped (\d+)$/m.exec(stdout) ?? [];
  expect(Number(passed) + Number(skipped)).toBe(conformanceCases.length);
});

test("the kit runs in bun's test runner", (context) => {
  const { error } = spawnSync("bun", ["--version"]);
  if (error !== undefined) context.skip("there is no `bun` on the PATH: npm install --global bun");
  const { stdout, stderr } = spawnSync("bun", ["--conditions=@chimera/source", "test", SUITE], {
    encoding: "utf8",
  });
  // Bun reports on standard error; which of the two is no part of what is tested.
  const report = `${stdout}\n${stderr}`;
  expect(report).toMatch(/^ 0 fail$/m);
  const [, passed = "0"] = /^ (\d+) pass$/m.exec(report) ?? [];
  const [, skipped = "0"] = /^ (\d+) skip$/m.exec(report) ?? [];
  expect(Number(passed) + Number(skipped)).toBe(conformanceCases.length);
});
