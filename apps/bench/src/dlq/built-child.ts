import { execFile } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const APP = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../../../../packages/dlq/", import.meta.url));
const OUTPUT = "node_modules/.bench";

/** Runs one side of a scenario in a plain Node process and answers the JSON that it prints. */
export type RunSide<Answer> = (args: readonly string[]) => Promise<Answer>;

/**
 * Builds `@chimera/dlq` and a TypeScript file of this app that uses it: a loader of TypeScript in the process would
 * take more memory than what is measured.
 */
export async function buildChild<Answer>(file: URL): Promise<RunSide<Answer>> {
  const tsup = `${PACKAGE}node_modules/.bin/tsup`;
  const script = fileURLToPath(file);
  await run(tsup, [], { cwd: PACKAGE });
  const options = ["--format", "esm", "--target", "node20", "--no-config", "--out-dir", OUTPUT];
  await run(tsup, [script, ...options], { cwd: APP });
  const built = `${APP}${OUTPUT}/${basename(script, ".ts")}.js`;
  return async (args) => {
    const { stdout } = await run(process.execPath, [built, ...args]);
    return JSON.parse(stdout) as Answer;
  };
}
