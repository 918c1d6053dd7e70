import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const PROGRAM = `
import { ClickHouseAdapter } from "./src/index.ts";
const warnings: unknown[] = [];
const ignore = () => {};
const logger = { debug: ignore, info: ignore, error: ignore, warn: (event, fields) => warnings.push({ event, ...fields }) };
const adapter = await ClickHouseAdapter.open({ url: "http://127.0.0.1:9", logger });
const configured = await ClickHouseAdapter.fromEnv({ CHIMERA_CLICKHOUSE_URL: "http://127.0.0.1:9" }, { logger });
console.log(JSON.stringify({ adapter, configured, warnings }));
`;

/** A copy of the package where the driver is really not installed. */
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-no-driver-"));
  cpSync(join(PACKAGE, "src"), join(directory, "src"), { recursive: true });
  mkdirSync(join(directory, "node_modules", "@chimera"), { recursive: true });
  symlinkSync(join(PACKAGE, "..", "dlq"), join(directory, "node_modules", "@chimera", "dlq"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(directory, "program.ts"), PROGRAM);
});
afterAll(() => rmSync(directory, { recursive: true }));

it("without the driver, open answers null with one warning that says what to install", () => {
  const args = ["--conditions=@chimera/source", "--import", TSX, join(directory, "program.ts")];
  const printed = execFileSync(process.execPath, args, { cwd: directory, encoding: "utf8" });
  const warning = {
    event: "clickhouse.driver_missing",
    message: expect.stringContaining("npm install @clickhouse/client") as string,
  };
  expect(JSON.parse(printed)).toEqual({ adapter: null, configured: null, warnings: [warning, warning] });
});
