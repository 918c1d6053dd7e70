import { IdState, IdTable } from "./id-table.ts";
import { LineFields, LineKind } from "./line-fields.ts";
import { LineReader } from "./line-reader.ts";
import { Verdict } from "./line-states.ts";
import { endOfLine, windowsBackward, type LineWindow } from "./line-windows.ts";
import { estimateLetters } from "./estimate-letters.ts";
import type { LogSnapshot } from "./segments.ts";

const NEWLINE = 10;

/**
 * Told of every line that is not blank, last to first, with the bytes in which it stands.
 * Answering true for a letter notes in the table that it is to be purged.
 */
export type LineVisitor = (verdict: number, line: LineFields, bytes: Buffer) => boolean | void;

/**
 * Walks a log once from its end to its start. The first line met about an id decides about it: a letter is current
 * unless a later one replaced it or a later mark withdrew it, and replayed when a later mark names its version.
 *
 * @returns the table of ids under the reader's hash, for those who ask about marks afterwards.
 */
export async function walkBackward(
  { segments }: LogSnapshot,
  visit: LineVisitor,
  {
    signal,
    reader = new LineReader(),
  }: { readonly signal?: AbortSignal | undefined; readonly reader?: LineReader } = {},
): Promise<IdTable> {
  const judge = new Judge(new IdTable(await estimateLetters(segments)));
  const lines = new LinesOfWindow(reader);
  for (const segment of segments.toReversed()) {
    for await (const window of windowsBackward(segment, signal)) {
      lines.read(window);
      judge.ids.touch(lines.hashes, lines.count);
      for (let at = lines.count - 1; at >= 0; at--) {
        const line = lines.at(at);
        if (visit(judge.judge(line), line, window.bytes) === true) judge.ids.set(IdState.purged);
      }
    }
  }
  return judge.ids;
}

/** The fields of all lines of a window, in objects that are used again for the next. */
class LinesOfWindow {
  count = 0;
  /** The first half of each line's id hash. */
  hashes = new Int32Array(4_096);
  readonly #reader: LineReader;
  readonly #fields: LineFields[] = [];

  constructor(reader: LineReader) {
    this.#reader = reader;
  }

  at(index: number): LineFields {
    return this.#fields[index] as LineFields;
  }

  read(window: LineWindow): void {
    const { bytes, start: from, end: to } = window;
    this.#reader.use(bytes);
    this.count = 0;
    for (let start = from; start < to;) {
      const end = endOfLine(window, start);
      // Blank lines are no lines: nobody is told of them.
      if (end > start) this.#reader.read(start, end, (this.#fields[this.count++] ??= new LineFields()));
      start = end + 1;
    }
    if (this.hashes.length < this.count) this.hashes = new Int32Array(this.count * 2);
    for (let at = 0; at < this.count; at++) this.hashes[at] = this.at(at).hashA;
    // The last line of a file may have no line break yet: an append under way, or one that a crash cut off.
    const last = this.#fields[this.count - 1];
    if (last?.kind === LineKind.unreadable && bytes[to - 1] !== NEWLINE) last.kind = LineKind.blank;
  }
}

/** Decides about one line after the other, given from the last to the first. */
class Judge {
  readonly ids: IdTable;
  /** Ids with marks for several versions, which is rare: the versions beside the one in the table. */
  readonly #moreMarks = new Map<string, Set<number>>();

  constructor(ids: IdTable) {
    this.ids = ids;
  }

  judge(line: LineFields): number {
    const { kind } = line;
    if (kind === LineKind.blank || kind === LineKind.unreadable) return Verdict.noLetter;
    const ids = this.ids;
    const state = ids.find(line.hashA, line.hashB);
    if (state > IdState.marked) return Verdict.gone;
    if (kind === LineKind.letter) {
      const isReplayed = state === IdState.marked && this.#isMarked(line);
      ids.set(IdState.current);
      return isReplayed ? Verdict.replayed : Verdict.dead;
    }
    if (kind === LineKind.withdrawn) ids.set(IdState.withdrawn);
    else if (state === IdState.unknown) ids.set(IdState.marked, line.version);
    else if (ids.version !== line.version) this.#noteMore(line);
    return Verdict.noLetter;
  }

  #isMarked(line: LineFields): boolean {
    return this.ids.version === line.version || this.#moreMarks.get(keyOf(line))?.has(line.version) === true;
  }

  #noteMore(line: LineFields): void {
    const versions = this.#moreMarks.get(keyOf(line)) ?? new Set();
    this.#moreMarks.set(keyOf(line), versions.add(line.version));
  }
}

function keyOf({ hashA, hashB }: LineFields): string {
  return `${hashA} ${hashB}`;
}
