import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { forget, keepAnEyeOn } from "./janitor.ts";
import type { TestService } from "./test-service.ts";

/** What an own service needs from whatever runs it. */
export interface Runner {
  readonly pid: number | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** A new directory below `parent` that is removed when this process ends, if {@link removeDirectory} did not do it before. */
export function temporaryDirectory(kind: string, parent: string = tmpdir()): string {
  const directory = mkdtempSync(join(parent, `chimera-${kind}-`));
  keepAnEyeOn("directory", directory);
  return directory;
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  forget("directory", directory);
}

/**
 * Starts a server of ours; `remove` clears away what it leaves, once it has stopped or when it does not start.
 *
 * @throws Error of the runner.
 */
export async function startedService(
  url: string,
  runner: Runner,
  remove: () => Promise<void>,
): Promise<TestService> {
  try {
    await runner.start();
  } catch (error) {
    await remove();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await runner.stop();
    await remove();
  };
  return {
    url,
    owned: true,
    get pid() {
      return runner.pid;
    },
    stop,
    kill9: async () => runner.kill9(),
    restart: async () => {
      await runner.stop();
      await runner.start();
    },
    [Symbol.asyncDispose]: stop,
  };
}
