import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Names of `f_type`, from `man 2 statfs`. */
const FILE_SYSTEMS = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x794c7630, "overlayfs"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);
/** Those in memory. */
const VOLATILE: ReadonlySet<string> = new Set(["tmpfs", "ramfs"]);

/** A fresh directory, gone at the end of its scope. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  /** The file system's name, such as `ext4`, or its `f_type`. */
  readonly fileSystem: string;
}

/** Makes a directory; `durable` refuses file systems in memory, on which no crash proves anything. */
export async function temporaryDirectory({
  durable = false,
}: { readonly durable?: boolean } = {}): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(process.env["CHIMERA_TEST_DIRECTORY"] ?? tmpdir(), "chimera-dlq-"));
  const { type } = await statfs(path);
  const fileSystem = FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`;
  const remove = async (): Promise<void> => rm(path, { recursive: true, force: true });
  if (durable && VOLATILE.has(fileSystem)) {
    await remove();
    throw new Error(
      `${path} is on ${fileSystem}, in memory: set CHIMERA_TEST_DIRECTORY to a directory on a disk`,
    );
  }
  return { path, fileSystem, [Symbol.asyncDispose]: remove };
}
