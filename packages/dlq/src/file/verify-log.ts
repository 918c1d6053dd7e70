import { decodeLine } from "./line-codec.ts";
import { endOfLine, windowsForward } from "./line-windows.ts";
import type { LogSnapshot } from "./segments.ts";

/** A line that cannot be read, and where it stands. */
export interface BadLine {
  readonly path: string;
  /** Bytes before the line. */
  readonly offset: number;
  readonly bytes: number;
}

/** What stands in a log. */
export interface LogContents {
  readonly files: number;
  readonly bytes: number;
  readonly letters: number;
  readonly marks: number;
  readonly unreadable: number;
  /** The first hundred of them. */
  readonly badLines: readonly BadLine[];
}

const MAX_BAD_LINES = 100;

/** Reads every line of a log in full, payloads too. @param onProgress - called with the bytes read so far. */
export async function verifyLog(
  { segments }: LogSnapshot,
  onProgress: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<LogContents> {
  const counts = { bytes: 0, letters: 0, marks: 0, unreadable: 0 };
  const badLines: BadLine[] = [];
  for (const segment of segments) {
    let offset = 0;
    for await (const window of windowsForward(segment, signal)) {
      for (let start = 0; start < window.end;) {
        const end = endOfLine(window, start);
        const kind = kindOf(window.bytes.subarray(start, end));
        if (kind !== "blank") counts[kind]++;
        if (kind === "unreadable" && badLines.length < MAX_BAD_LINES) {
          badLines.push({ path: segment.path, offset: offset + start, bytes: end - start });
        }
        start = end + 1;
      }
      offset += window.end;
      counts.bytes += window.end;
      onProgress(counts.bytes);
    }
  }
  return { files: segments.length, ...counts, badLines };
}

function kindOf(bytes: Buffer): "letters" | "marks" | "unreadable" | "blank" {
  const line = decodeLine(bytes);
  if (line.kind === "blank" || line.kind === "unreadable") return line.kind;
  if (line.kind === "mark") return "marks";
  const payload = line.payload();
  const isDamaged = payload === undefined || (line.envelope.encoding === "json" && payload.includes("\0"));
  return isDamaged ? "unreadable" : "letters";
}
