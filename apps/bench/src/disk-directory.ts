import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Names of `f_type`, from `man 2 statfs` and, where that is silent, the headers of Linux and macOS. */
const FILE_SYSTEMS = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0xf2f52010, "f2fs"],
  [0x2fc12fc1, "zfs"],
  [0x794c7630, "overlayfs"],
  [0x6969, "nfs"],
  [0x1a, "apfs"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);
/** They keep nothing: a durable figure taken there would be a lie. */
const VOLATILE: ReadonlySet<string> = new Set(["tmpfs", "ramfs"]);

/** A fresh folder on a real disk. */
export interface DiskDirectory extends AsyncDisposable {
  readonly path: string;
  /** The file system's name, such as `ext4`, or its `f_type`: a durable figure means nothing without it. */
  readonly fileSystem: string;
}

/** Makes the folder under `BENCH_DIR`, or the system's temporary folder; refuses memory file systems. */
export async function diskDirectory(
  parent: string = process.env["BENCH_DIR"] ?? tmpdir(),
): Promise<DiskDirectory> {
  const path = await mkdtemp(join(parent, "chimera-bench-"));
  const remove = async (): Promise<void> => rm(path, { recursive: true, force: true });
  const { type } = await statfs(path);
  const fileSystem = FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`;
  if (VOLATILE.has(fileSystem)) {
    await remove();
    throw new Error(`${path} is on ${fileSystem}: set BENCH_DIR to a folder on a disk`);
  }
  return { path, fileSystem, [Symbol.asyncDispose]: remove };
}
