import { relative } from "node:path";
import { openSnapshot } from "../file/segments.ts";
import { verifyLog } from "../file/verify-log.ts";
import { ExitCode } from "./exit-code.ts";
import { progressBar } from "./progress-bar.ts";
import type { CommonFlags, Session } from "./session.ts";
import { count, counted, size, table } from "./tables.ts";

/** Reads every line in full and names those that cannot be read. */
export async function verify(session: Session, _flags: CommonFlags): Promise<number> {
  const { store, terminal, colors, json } = session;
  await using snapshot = await openSnapshot(store.path);
  const total = snapshot.segments.reduce((sum, segment) => sum + segment.size, 0);
  const bar = progressBar(terminal, total, "bytes");
  const found = await verifyLog(snapshot, (bytes) => bar.update(bytes), terminal.interrupted).finally(() =>
    bar.stop(),
  );
  const exitCode = found.unreadable === 0 ? ExitCode.done : ExitCode.incomplete;
  if (json) {
    terminal.write(`${JSON.stringify(found)}\n`);
    return exitCode;
  }
  const { files, bytes, letters, marks, unreadable, badLines } = found;
  terminal.write(
    `${counted(files, "file")}, ${size(bytes)}: ${counted(letters, "letter")}, ${counted(marks, "mark")}, ${counted(unreadable, "line")} that cannot be read\n`,
  );
  if (badLines.length > 0) {
    const rows = badLines.map((line) => [relative("", line.path), count(line.offset), count(line.bytes)]);
    terminal.write(
      `\n${colors.yellow(table(["FILE", "OFFSET", "BYTES"], rows, colors, ["OFFSET", "BYTES"]))}`,
    );
  }
  return exitCode;
}
