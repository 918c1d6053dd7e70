import { cutErrorText, type Settlement } from "@chimera/queue-core";
import { readReceipt, type ReceiptParts } from "./receipt.ts";

/** Durations that one call brings at most, drawn evenly: percentiles need no more. */
const MAX_SAMPLES = 128;

const KINDS = { done: "d", dead: "x", release: "l", retry: "r" } as const;

/** A settlement and what its receipt says. */
export interface ReadSettlement {
  readonly settlement: Settlement;
  readonly receipt: ReceiptParts;
}

/**
 * The arguments of a settle call: settlements of one outcome that are of one batch stand together, so that jobs which were
 * fetched together cost a word each, and none where they travel whole.
 */
export function settlementRuns(settlements: readonly ReadSettlement[]): string[] {
  const words: string[] = [durationsText(settlements)];
  for (let from = 0; from < settlements.length;) {
    const { settlement, receipt } = settlements[from] as ReadSettlement;
    const end = endOfRun(settlements, from);
    const letter = KINDS[settlement.outcome];
    words.push(
      receipt.whole ? letter.toUpperCase() : letter,
      receipt.batch,
      String(end - from),
      placesText(end - from, (index) => (settlements[from + index] as ReadSettlement).receipt.place),
    );
    // The places say it all.
    const named = receipt.whole && settlement.outcome !== "retry" ? end : from;
    for (let index = named; index < end; index++) {
      const each = settlements[index] as ReadSettlement;
      if (!receipt.whole) words.push(each.receipt.id);
      if (each.settlement.outcome !== "retry") continue;
      const { delayMs, counts = true, error } = each.settlement;
      words.push(
        String(delayMs),
        counts ? "1" : "0",
        error === undefined ? "" : JSON.stringify(cutErrorText(error)),
      );
    }
    from = end;
  }
  return words;
}

function endOfRun(settlements: readonly ReadSettlement[], from: number): number {
  const { settlement, receipt } = settlements[from] as ReadSettlement;
  for (let end = from + 1; end < settlements.length; end++) {
    const next = settlements[end] as ReadSettlement;
    const alike = next.receipt.batch === receipt.batch && next.receipt.whole === receipt.whole;
    if (!alike || next.settlement.outcome !== settlement.outcome) return end;
  }
  return settlements.length;
}

/** The arguments of an extend call: receipts that follow one another of one batch stand together. */
export function receiptRuns(receipts: readonly ReceiptParts[]): string[] {
  const words: string[] = [];
  for (let from = 0; from < receipts.length;) {
    const { batch } = receipts[from] as ReceiptParts;
    let end = from + 1;
    while (receipts[end]?.batch === batch) end++;
    const start = from;
    words.push(
      batch,
      String(end - from),
      placesText(end - from, (index) => (receipts[start + index] as ReceiptParts).place),
    );
    from = end;
  }
  return words;
}

/** The first place alone where the others follow it one by one, as they nearly always do; else all of them. */
function placesText(size: number, placeAt: (index: number) => number): string {
  const first = placeAt(0);
  let inRow = 1;
  while (inRow < size && placeAt(inRow) === first + inRow) inRow++;
  return inRow === size
    ? String(first)
    : Array.from({ length: size }, (_, index) => placeAt(index)).join(",");
}

/** What settlements of a queue with one partition say; `undefined` when one names no delivery of it. */
export function readSettlements(settlements: readonly Settlement[]): ReadSettlement[] | undefined {
  const read: ReadSettlement[] = Array.from({ length: settlements.length });
  for (let index = 0; index < settlements.length; index++) {
    const settlement = settlements[index] as Settlement;
    const receipt = readReceipt(settlement.receipt, 1);
    if (receipt === undefined) return undefined;
    read[index] = { settlement, receipt };
  }
  return read;
}

function durationsText(settlements: readonly ReadSettlement[]): string {
  const step = Math.max(1, Math.ceil(settlements.length / MAX_SAMPLES));
  let text = "";
  for (let index = 0; index < settlements.length; index += step) {
    const { settlement } = settlements[index] as ReadSettlement;
    if (settlement.outcome !== "done" || settlement.durationMs === undefined) continue;
    const duration = Math.round(settlement.durationMs * 1_000) / 1_000;
    text = text === "" ? String(duration) : `${text} ${duration}`;
  }
  return text;
}
