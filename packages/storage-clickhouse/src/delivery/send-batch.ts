import type { Batch } from "../batch/batch.ts";

import type { Courier } from "./courier.ts";
import type { DeadLetterOffice, Fate } from "./dead-letter-office.ts";

/** Signals that end a batch's way. */
export interface SendBatchOptions {
  /** Ends the tries: what is not stored by then is dead-lettered. */
  readonly giveUp?: AbortSignal;
  /** Ends dead-lettering too. */
  readonly abandon?: AbortSignal;
}

/**
 * Takes a batch all the way: stored, or its refused rows dead-lettered. Answers the fate of each row that is not
 * stored, by its place in the batch; rows that were taken back have none.
 */
export async function sendBatch(
  batch: Batch,
  courier: Courier,
  office: DeadLetterOffice,
  { giveUp, abandon }: SendBatchOptions = {},
): Promise<ReadonlyMap<number, Fate>> {
  const refusals = await courier.deliver(batch, giveUp);
  const unstored = new Map<number, Fate>();
  if (refusals.length === 0) return unstored;
  const fates = await office.keep(refusals, abandon);
  for (const [index, { part }] of refusals.entries()) {
    const fate = fates[index];
    if (fate === undefined) continue;
    for (const row of part.rows()) unstored.set(row, fate);
  }
  return unstored;
}

/**
 * Takes batches all the way, one after the other; answers how many rows were dead-lettered.
 *
 * @throws the error of the first row that was neither stored nor dead-lettered.
 */
export async function sendAll(
  batches: readonly Batch[],
  courier: Courier,
  office: DeadLetterOffice,
  signals: SendBatchOptions,
): Promise<number> {
  let deadLettered = 0;
  for (const batch of batches) {
    const fates = await sendBatch(batch, courier, office, signals);
    for (const fate of fates.values()) if (fate !== "dead-lettered") throw fate;
    deadLettered += fates.size;
  }
  return deadLettered;
}
