import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeBlocks } from "../../src/code-blocks.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const compiler = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));

/** Inside this package, so that its links to the others resolve. */
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(fileURLToPath(new URL("../../.readme-", import.meta.url)));
});

afterAll(async () => rm(directory, { recursive: true, force: true }));

test("the root README's example runs as it stands", async () => {
  const [example] = codeBlocks(await readFile(join(repository, "README.md"), "utf8"));
  await writeFile(join(directory, "example.ts"), example?.code ?? "");
  const { stdout } = await run(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), "--conditions=@chimera/source", "example.ts"],
    { cwd: directory },
  );
  expect(stdout.trim()).toBe("to ada@example.org");
});

test("every TypeScript block of every README and guide type-checks", async () => {
  const folders = ["packages", "apps"].flatMap((parent) =>
    readdirSync(join(repository, parent)).map((folder) => `${parent}/${folder}/`),
  );
  const guides = folders
    .filter((folder) => existsSync(join(repository, folder, "docs")))
    .flatMap((folder) =>
      readdirSync(join(repository, folder, "docs")).map((name) => `${folder}docs/${name}`),
    );
  const readmes = ["", ...folders]
    .map((folder) => `${folder}README.md`)
    .filter((path) => existsSync(join(repository, path)));
  const names = await Promise.all(
    [...readmes, ...guides].flatMap((readme) =>
      codeBlocks(readFileSync(join(repository, readme), "utf8")).map(async ({ line, code }) => {
        const name = `${readme.replaceAll(/[/.]/g, "-")}-line-${line}.ts`;
        await writeFile(join(directory, name), `${code}\nexport {};\n`);
        return name;
      }),
    ),
  );
  const config = { extends: relative(directory, join(repository, "tsconfig.base.json")), include: ["*.ts"] };
  // A reader's example may leave a value unused that the text goes on about.
  const compilerOptions = { noUnusedLocals: false, isolatedDeclarations: false, declaration: false };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ ...config, compilerOptions }));
  expect(names.length).toBeGreaterThan(0);
  const complaints = await run(process.execPath, [compiler, "-p", "."], { cwd: directory }).then(
    () => "",
    (error: unknown) => String((error as { stdout?: unknown }).stdout),
  );
  expect(complaints).toBe("");
});
