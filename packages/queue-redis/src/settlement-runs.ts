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
 * The arguments of a settle call: settlements of one outcome under one token stand together, so that a batch that was fetched
 * together costs one word a job.
 */
export function settlementRuns(settlements: readonly ReadSettlement[]): string[] {
  const words: string[] = [durationsText(settlements)];
  let kind = "";
  let token = "";
  let sizeAt = 0;
  let size = 0;
  for (const { settlement, receipt } of settlements) {
    const nextKind = KINDS[settlement.outcome];
    if (nextKind !== kind || receipt.token !== token) {
      if (size > 0) words[sizeAt] = String(size);
      kind = nextKind;
      token = receipt.token;
      sizeAt = words.push(kind, token, "") - 1;
      size = 0;
    }
    size++;
    words.push(receipt.id);
    if (settlement.outcome === "retry") {
      const { delayMs, counts = true, error } = settlement;
      words.push(
        String(delayMs),
        counts ? "1" : "0",
        error === undefined ? "" : JSON.stringify(cutErrorText(error)),
      );
    }
  }
  words[sizeAt] = String(size);
  return words;
}

/** Receipts that follow one another under one token. */
export function tokenRuns(receipts: readonly ReceiptParts[]): { token: string; ids: string[] }[] {
  const runs: { token: string; ids: string[] }[] = [];
  for (const { token, id } of receipts) {
    const last = runs.at(-1);
    if (last?.token === token) last.ids.push(id);
    else runs.push({ token, ids: [id] });
  }
  return runs;
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
