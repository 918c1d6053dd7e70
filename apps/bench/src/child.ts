import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/**
 * Runs a TypeScript file of this app in a process of its own and answers the JSON that it printed last.
 * The child's standard error is ours. `nodeFlags` such as `--expose-gc` or `--max-old-space-size=64`.
 */
export async function runInChild<Answer>(
  file: URL,
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<Answer> {
  const child = spawn(
    process.execPath,
    // Without the condition that leads to our sources: what is measured is what is published, not a loader's output.
    [...nodeFlags, "--import", "tsx", fileURLToPath(file), ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const closed = once(child, "close") as Promise<[code: number | null, signal: string | null]>;
  const [output, [code, signal]] = await Promise.all([text(child.stdout), closed]);
  if (code !== 0)
    throw new Error(`${fileURLToPath(file)} ${args.join(" ")} ended with ${String(code ?? signal)}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Answer;
}
