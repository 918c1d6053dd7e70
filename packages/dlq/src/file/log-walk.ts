import { IdState, IdTable } from "./id-table.ts";
import { LineKind, LineReader } from "./line-reader.ts";
import { Verdict } from "./line-states.ts";
import { windowsBackward, type LineWindow } from "./line-windows.ts";
import type { LogSnapshot } from "./segments.ts";

const NEWLINE = 10;

/**
 * Told of every line, last to first. The reader holds the fields of a letter or a mark.
 * Answering true for a letter notes in the table that it is to be purged.
 */
export type LineVisitor = (
  verdict: number,
  kind: number,
  reader: LineReader,
  bytes: Buffer,
  start: number,
  end: number,
) => boolean | void;

/**
 * Walks a log once from its end to its start. The first line met about an id decides about it: a letter is current
 * unless a later one replaced it or a later mark withdrew it, and replayed when a later mark names its version.
 *
 * @returns the table of ids, for those who ask about marks afterwards.
 */
export async function walkBackward(
  { segments }: LogSnapshot,
  visit: LineVisitor,
  signal?: AbortSignal,
): Promise<IdTable> {
  const reader = new LineReader();
  const judge = new Judge(segments.reduce((sum, { size }) => sum + size, 0));
  for (const segment of segments.toReversed()) {
    for await (const window of windowsBackward(segment, signal)) {
      judge.sizeUp(window);
      walkWindow(window, reader, judge, visit);
    }
  }
  return judge.ids;
}

function walkWindow(
  { bytes, start, end }: LineWindow,
  reader: LineReader,
  judge: Judge,
  visit: LineVisitor,
): void {
  reader.use(bytes);
  // The last line of a file may have no line break yet: an append under way, or one that a crash cut off.
  const isTail = bytes[end - 1] !== NEWLINE;
  let lineEnd = isTail ? end : end - 1;
  for (let unfinished = isTail; lineEnd >= start; unfinished = false) {
    const lineStart =
      lineEnd === start ? start : Math.max(start, bytes.lastIndexOf(NEWLINE, lineEnd - 1) + 1);
    let kind = reader.read(lineStart, lineEnd);
    if (unfinished && kind === LineKind.unreadable) kind = LineKind.blank;
    const verdict = judge.judge(kind, reader);
    if (visit(verdict, kind, reader, bytes, lineStart, lineEnd) === true) judge.ids.set(IdState.purged);
    lineEnd = lineStart - 1;
  }
}

/** Decides about one line after the other, given from the last to the first. */
class Judge {
  #ids: IdTable | undefined;
  readonly #logBytes: number;
  /** Ids with marks for several versions, which is rare: the versions beside the one in the table. */
  readonly #moreMarks = new Map<string, Set<number>>();

  constructor(logBytes: number) {
    this.#logBytes = logBytes;
  }

  get ids(): IdTable {
    return (this.#ids ??= new IdTable());
  }

  /** Makes the table of about the right size, so that it need not be copied while it grows. */
  sizeUp({ bytes, start, end }: LineWindow): void {
    if (this.#ids !== undefined) return;
    let lines = 1;
    for (let at = bytes.indexOf(NEWLINE, start); at !== -1 && at < end; at = bytes.indexOf(NEWLINE, at + 1))
      lines++;
    this.#ids = new IdTable(Math.ceil((this.#logBytes / (end - start)) * lines * 1.05));
  }

  judge(kind: number, reader: LineReader): number {
    if (kind === LineKind.blank || kind === LineKind.unreadable) return Verdict.noLetter;
    const state = this.ids.find(reader.idBytes, reader.idView, reader.idStart, reader.idEnd);
    if (state > IdState.marked) return Verdict.gone;
    if (kind === LineKind.letter) return this.#judgeLetter(state, reader);
    if (kind === LineKind.withdrawn) this.ids.set(IdState.withdrawn);
    else if (state === IdState.unknown) this.ids.set(IdState.marked, reader.version);
    else if (this.ids.version !== reader.version) {
      const id = idText(reader);
      this.#moreMarks.set(id, (this.#moreMarks.get(id) ?? new Set()).add(reader.version));
    }
    return Verdict.noLetter;
  }

  #judgeLetter(state: number, reader: LineReader): number {
    const { version } = reader;
    const replayed =
      state === IdState.marked &&
      (this.ids.version === version || this.#moreMarks.get(idText(reader))?.has(version) === true);
    this.ids.set(IdState.current);
    return replayed ? Verdict.replayed : Verdict.dead;
  }
}

function idText({ idBytes, idStart, idEnd }: LineReader): string {
  return idBytes.toString("utf8", idStart, idEnd);
}
