import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRedis } from "@chimera/test-services";
import ts from "typescript";
import { codeBlocks } from "./code-blocks.ts";
import { Consumer } from "./consumer.ts";
import { LocalRegistry } from "./local-registry.ts";

/**
 * A release from beginning to end, against a registry on loopback: in a clone of the last commit the packages are
 * versioned, built and published; then plain npm installs `@chimera/queue-redis` alone into an empty folder, and the
 * example of its README runs there against a real Redis as an ES module, as CommonJS and as TypeScript.
 */
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const README = join(repository, "packages/queue-redis/README.md");
const README_URL = "redis://127.0.0.1:6379";
const EXPECTED = "ada@example.org, delivery 1";

const run = promisify(execFile);
const work = await mkdtemp(join(tmpdir(), "chimera-rehearsal-"));

/** Runs a command of the release and shows what it prints. */
async function step(cwd: string, command: string, ...args: readonly string[]): Promise<void> {
  console.log(`$ ${command} ${args.join(" ")}`);
  const [code] = (await once(spawn(command, args, { cwd, stdio: "inherit" }), "exit")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
}

async function publish(registry: LocalRegistry): Promise<void> {
  const tree = join(work, "tree");
  await step(work, "git", "clone", "--quiet", repository, tree);
  await step(tree, "pnpm", "install", "--frozen-lockfile", "--reporter=silent");
  await step(tree, "pnpm", "exec", "changeset", "status");
  await step(tree, "pnpm", "exec", "changeset", "version");
  await step(tree, "pnpm", "build", "--output-logs=errors-only");
  await writeFile(join(tree, ".npmrc"), registry.npmrc);
  await step(tree, "pnpm", "exec", "changeset", "publish", "--no-git-tag");
}

function javascript(source: string, module: ts.ModuleKind): string {
  return ts.transpileModule(source, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } })
    .outputText;
}

/** The README's example in each form in which a user may have it, by the file that it becomes. */
function formsOf(code: string): Record<string, string> {
  const [imports, rest] = [
    code.match(/^import .*$/gm)?.join("\n") ?? "",
    code.replaceAll(/^import .*$/gm, ""),
  ];
  // CommonJS has no `await` at its top level.
  const wrapped = `${imports}\nasync function main() {${rest}}\nvoid main();\n`;
  return {
    "example.mjs": javascript(code, ts.ModuleKind.ESNext),
    "example.cjs": javascript(wrapped, ts.ModuleKind.CommonJS),
    "example.mts": code,
  };
}

async function tryAsUser(registry: LocalRegistry): Promise<void> {
  const [example] = codeBlocks(await readFile(README, "utf8"));
  if (example?.code.includes(README_URL) !== true)
    throw new Error(`Expected the example to use ${README_URL}`);
  const redis = await startRedis();
  const consumer = await Consumer.install(["@chimera/queue-redis"], { npmrc: registry.npmrc });
  try {
    console.log(`installed: ${(await consumer.installedPackages()).join(" ")}`);
    for (const [file, code] of Object.entries(formsOf(example.code.replace(README_URL, redis.url)))) {
      await consumer.write(file, code);
      if (file.endsWith(".mts")) {
        const complaints = await consumer.typeErrors(file, {
          module: "nodenext",
          moduleResolution: "nodenext",
        });
        if (complaints !== "") throw new Error(complaints);
        const { stdout } = await run(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
          cwd: consumer.directory,
        });
        report(file, stdout.trim());
      } else {
        report(file, await consumer.node(file));
      }
    }
  } finally {
    await consumer.remove();
    await redis.stop();
  }
}

function report(file: string, printed: string): void {
  if (printed !== EXPECTED) throw new Error(`Expected ${file} to print \`${EXPECTED}\`, got \`${printed}\``);
  console.log(`${file}: ${printed}`);
}

try {
  await using registry = await LocalRegistry.start(join(work, "registry"));
  await publish(registry);
  await tryAsUser(registry);
  console.log("rehearsal: published, installed and run");
} finally {
  await rm(work, { recursive: true, force: true });
}
