import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { directoryForServers } from "@chimera/test-services";

import { SettingsError } from "../settings-check.ts";

const DEFAULT_DIRECTORY = fileURLToPath(new URL("../../.demo", import.meta.url));

/** Where the demo keeps what its embedded parts write, so that `--keep` finds it again. One run at a time has it. */
export class DemoDirectory implements Disposable {
  readonly path: string;
  readonly #pidFile: string;

  private constructor(path: string) {
    this.path = path;
    this.#pidFile = resolve(path, "demo.pid");
  }

  /** @throws SettingsError when another run has it. */
  static open(path: string = DEFAULT_DIRECTORY): DemoDirectory {
    const directory = new DemoDirectory(directoryForServers(path));
    const other = directory.#holder();
    if (other !== undefined) {
      throw new SettingsError([
        `another demo (process ${other}) is running in ${directory.path}; end it first`,
      ]);
    }
    writeFileSync(directory.#pidFile, String(process.pid));
    return directory;
  }

  /** The full path of something in it. */
  file(name: string): string {
    return resolve(this.path, name);
  }

  remove(name: string): void {
    rmSync(this.file(name), { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#pidFile, { force: true });
  }

  /** The process that holds the directory. A run that was killed holds nothing, also when its pid has gone to a stranger. */
  #holder(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFile, "utf8"));
      process.kill(pid, 0);
      const command = process.platform === "linux" ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "demo";
      return pid !== process.pid && command.includes("demo") ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}
