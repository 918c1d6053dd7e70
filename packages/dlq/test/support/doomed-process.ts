import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { builtProcess } from "./built-process.ts";

/** A real Node process of one of the files beside this one, made to be killed. */
export class DoomedProcess {
  /** The whole lines it wrote to standard output. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  private constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("no standard output");
    const reader = createInterface({ input: stdout });
    reader.on("line", (line) => {
      this.lines.push(line);
      for (const look of this.#waiting) look();
    });
    this.#ended = Promise.all([once(reader, "close"), once(this.#child, "close")]);
  }

  /** @param name - such as `appender-process`. */
  static async start(name: string, args: readonly string[]): Promise<DoomedProcess> {
    return new DoomedProcess(await builtProcess(name), args);
  }

  /** Resolves when one of the lines matches, and rejects when the process ends without. */
  async saw(isIt: (line: string) => boolean): Promise<void> {
    if (this.lines.some(isIt)) return;
    let found = (): void => {};
    const seen = new Promise<void>((resolve) => {
      found = () => {
        if (isIt(this.lines.at(-1) ?? "")) resolve();
      };
    });
    this.#waiting.add(found);
    await Promise.race([seen, this.#ended]);
    this.#waiting.delete(found);
    if (this.lines.some(isIt)) return;
    throw new Error(`The process ended after: ${this.lines.slice(-3).join(" | ")}`);
  }

  /** Kills it with SIGKILL and resolves when all that it wrote was read. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Resolves when it ended by itself. */
  async ended(): Promise<void> {
    await this.#ended;
  }
}
