import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

const SUPPORT = fileURLToPath(new URL("./", import.meta.url));
/** In the package, so that what is built finds its dependencies. */
const OUTPUT = fileURLToPath(new URL("../../node_modules/.processes", import.meta.url));

const built = new Map<string, Promise<string>>();

/**
 * The path of a process of this directory, bundled with the sources it uses into one plain file, once. Loading the
 * TypeScript anew in each of hundreds of processes would take longer than all that happens until they are killed.
 */
export async function builtProcess(name: string): Promise<string> {
  const path = built.get(name) ?? bundle(name);
  built.set(name, path);
  return path;
}

async function bundle(name: string): Promise<string> {
  const outDir = join(OUTPUT, `${name}-${process.pid}`);
  await build({
    entry: [join(SUPPORT, `${name}.ts`)],
    outDir,
    format: "esm",
    outExtension: () => ({ js: ".mjs" }),
    platform: "node",
    target: "node20",
    config: false,
    silent: true,
  });
  const path = join(OUTPUT, `${name}.mjs`);
  // Somebody else may build the same at the same time: nobody must start half a file.
  await rename(join(outDir, `${name}.mjs`), path);
  await rm(outDir, { recursive: true });
  return path;
}
