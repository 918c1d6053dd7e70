import { open } from "node:fs/promises";
import { errorCode } from "../foundation/coded-error.ts";

/** Makes names that were made, changed or removed in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle;
  try {
    handle = await open(directory, "r");
    await handle.sync();
  } catch (error) {
    // Some file systems know no such thing; their names are as durable as they get.
    if (!["EINVAL", "EISDIR", "EPERM", "ENOTSUP"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}
