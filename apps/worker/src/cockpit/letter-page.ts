import type { DeadLetterFilter, DeadLetterStore, StoredDeadLetter } from "@chimera/dlq";

import type { LetterPage, LetterPlace, LetterRow } from "./cockpit-state.ts";

/** What to show. */
export interface LetterPageRequest {
  readonly filter: DeadLetterFilter;
  /** In the message, the id, the code or the source, whatever its case; empty for any. */
  readonly text: string;
  /** Letters of a page, >= 1. */
  readonly limit: number;
  /** Only those older than this one. */
  readonly before?: LetterPlace;
}

/**
 * One page. Reads all that matches, since stores list the oldest first, and keeps no more than a few pages of rows in
 * memory. A page goes on behind the letter before it also when that one is gone.
 *
 * @throws the signal's reason, and what the store throws.
 */
export async function letterPage(
  store: DeadLetterStore,
  { filter, text, limit, before }: LetterPageRequest,
  signal: AbortSignal,
): Promise<LetterPage> {
  const wanted = text.toLowerCase();
  let kept: LetterRow[] = [];
  for await (const stored of store.list(notAfter(filter, before), { signal })) {
    const row = rowOf(stored);
    if (before !== undefined && newestFirst(row, before) <= 0) continue;
    if (wanted !== "" && !holds(row, wanted)) continue;
    kept.push(row);
    if (kept.length > limit * 4) kept = kept.toSorted(newestFirst).slice(0, limit + 1);
  }
  const letters = kept.toSorted(newestFirst).slice(0, limit);
  const last = letters.at(-1);
  const next = kept.length > limit && last !== undefined ? { ts: last.ts, id: last.id } : null;
  return { letters, next };
}

/** Has the store leave out what cannot be on the page. */
function notAfter(filter: DeadLetterFilter, before: LetterPlace | undefined): DeadLetterFilter {
  if (before === undefined) return filter;
  const until = new Date(Date.parse(before.ts) + 1).toISOString();
  const isEarlier = filter.until !== undefined && Date.parse(filter.until) < Date.parse(until);
  return isEarlier ? filter : { ...filter, until };
}

function rowOf({ letter, state }: StoredDeadLetter): LetterRow {
  const { id, ts, source, target, reason, code, message, attempts, replays, firstTs } = letter;
  const row = { id, ts, source, target, reason, message, attempts, replays, firstTs, state };
  return code === undefined ? row : { ...row, code };
}

function holds({ id, message, code = "", source }: LetterRow, wanted: string): boolean {
  return [message, id, code, source].some((field) => field.toLowerCase().includes(wanted));
}

/** Below 0 where `one` comes first. */
function newestFirst(one: LetterPlace, other: LetterPlace): number {
  if (one.ts !== other.ts) return one.ts > other.ts ? -1 : 1;
  if (one.id === other.id) return 0;
  return one.id > other.id ? -1 : 1;
}
