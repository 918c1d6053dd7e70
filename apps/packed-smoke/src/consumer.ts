import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const compiler = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));

/** The tarballs of all packages, by folder name, as they would be published. */
export type Tarballs = ReadonlyMap<string, string>;

/** Packs `packages/<folder>` for each folder into a temporary directory. Needs their `dist`. */
export async function packAll(folders: readonly string[], destination: string): Promise<Tarballs> {
  const packed = await Promise.all(
    folders.map(async (folder) => {
      const target = join(destination, folder);
      await mkdir(target, { recursive: true });
      await run("pnpm", ["pack", "--pack-destination", target], {
        cwd: join(repository, "packages", folder),
      });
      const [tarball] = await readdir(target);
      if (tarball === undefined) throw new Error(`packing ${folder} left no tarball`);
      return [folder, join(target, tarball)] as const;
    }),
  );
  return new Map(packed);
}

/** An empty project of a user, with nothing but what plain npm puts into it. */
export class Consumer {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Installs tarballs, or names from the registry that `npmrc` says, with npm into a fresh folder outside the repository. */
  static async install(
    wanted: readonly string[],
    { npmrc = "" }: { readonly npmrc?: string } = {},
  ): Promise<Consumer> {
    const consumer = new Consumer(await mkdtemp(join(tmpdir(), "chimera-consumer-")));
    await consumer.write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
    await consumer.write(".npmrc", npmrc);
    const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await run("npm", ["install", ...quiet, ...wanted], { cwd: consumer.directory });
    return consumer;
  }

  /** The names of the packages at the top of `node_modules`, sorted. */
  async installedPackages(): Promise<string[]> {
    const root = join(this.directory, "node_modules");
    const names = await Promise.all(
      (await readdir(root)).map(async (name) =>
        name.startsWith("@") ? (await readdir(join(root, name))).map((inner) => `${name}/${inner}`) : [name],
      ),
    );
    return names
      .flat()
      .filter((name) => !name.startsWith("."))
      .toSorted();
  }

  async write(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.directory, path)), { recursive: true });
    await writeFile(join(this.directory, path), content);
  }

  /** Runs a file of the project and answers what it printed. */
  async node(path: string): Promise<string> {
    const { stdout } = await run(process.execPath, [join(this.directory, path)], { cwd: this.directory });
    return stdout.trim();
  }

  /** Type-checks a file strictly and with the libraries' declarations checked too; answers the compiler's complaints. */
  async typeErrors(
    path: string,
    options: Readonly<Record<string, string>>,
    peers: readonly string[] = [],
  ): Promise<string> {
    await Promise.all(["@types/node", ...peers].map(async (name) => this.#link(name)));
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const strict = [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--target",
      "es2022",
      "--types",
      "node",
    ];
    const args = [compiler, ...strict, "--lib", "es2023,esnext.disposable", ...flags, path];
    try {
      await run(process.execPath, args, { cwd: this.directory });
      return "";
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    }
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Brings a package of ours into the project as a link: installing what every user has costs seconds a project. */
  async #link(name: string): Promise<void> {
    const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`));
    const link = join(this.directory, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(dirname(manifest), link, "dir").catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    });
  }
}
