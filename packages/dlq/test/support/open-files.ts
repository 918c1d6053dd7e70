import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const OPEN_FILES = "/proc/self/fd";

/** Whether this system tells what a process holds open: Linux does. */
export const tellsOpenFiles: boolean = existsSync(OPEN_FILES);

/** How many times this process holds a file open. */
export function timesOpen(path: string): number {
  return readdirSync(OPEN_FILES).filter((fd) => {
    const link = join(OPEN_FILES, fd);
    return existsSync(link) && readlinkSync(link) === path;
  }).length;
}
