import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The full path of the first of these programs that is on the PATH. */
export function programOnPath(
  names: readonly string[],
  path: string = process.env["PATH"] ?? "",
): string | undefined {
  for (const name of names) {
    for (const directory of path.split(delimiter)) {
      const candidate = join(directory, name);
      if (directory !== "" && isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
