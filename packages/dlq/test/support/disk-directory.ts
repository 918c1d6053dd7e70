import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `f_type` of file systems in memory, from `man 2 statfs`. */
const VOLATILE: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** A fresh directory, gone at the end of its scope. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  /** The file system's `f_type`, as a label. */
  readonly fileSystem: string;
}

/** Makes a directory; `durable` refuses file systems in memory, on which no crash proves anything. */
export async function temporaryDirectory({
  durable = false,
}: { readonly durable?: boolean } = {}): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(process.env["CHIMERA_TEST_DIRECTORY"] ?? tmpdir(), "chimera-dlq-"));
  const { type } = await statfs(path);
  const remove = async (): Promise<void> => rm(path, { recursive: true, force: true });
  if (durable && VOLATILE.has(type)) {
    await remove();
    throw new Error(
      `${path} is on a file system in memory: set CHIMERA_TEST_DIRECTORY to a directory on a disk`,
    );
  }
  return { path, fileSystem: `0x${type.toString(16)}`, [Symbol.asyncDispose]: remove };
}
