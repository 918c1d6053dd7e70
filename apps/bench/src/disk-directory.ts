import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `f_type` of file systems that keep nothing, from `man 2 statfs`: a durable figure taken there would be a lie. */
const VOLATILE = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

/** A fresh folder on a real disk, and the file system's type as a figure's label. */
export interface DiskDirectory extends AsyncDisposable {
  readonly path: string;
  readonly fileSystem: string;
}

/** Makes the folder under `BENCH_DIR`, or the system's temporary folder; refuses memory file systems. */
export async function diskDirectory(): Promise<DiskDirectory> {
  const path = await mkdtemp(join(process.env["BENCH_DIR"] ?? tmpdir(), "chimera-bench-"));
  const remove = async (): Promise<void> => rm(path, { recursive: true, force: true });
  const { type } = await statfs(path);
  const volatile = VOLATILE.get(type);
  if (volatile !== undefined) {
    await remove();
    throw new Error(`${path} is on ${volatile}: set BENCH_DIR to a folder on a disk`);
  }
  return { path, fileSystem: `0x${type.toString(16)}`, [Symbol.asyncDispose]: remove };
}
