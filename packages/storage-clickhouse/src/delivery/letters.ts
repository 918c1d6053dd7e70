import type { DeadLetter, PayloadEncoding } from "@chimera/dlq";
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";

import type { FailureClass } from "../failure-classes.ts";
import type { TableName } from "../table-name.ts";

import type { Refusal } from "./courier.ts";

/** What letters to and from a table name as their source and target. */
function targetOf(table: TableName): string {
  return `clickhouse:${table.given}`;
}

/** The table a letter's target names, or `undefined` when it is not for ClickHouse. */
export function tableOfTarget(target: string): string | undefined {
  return target.startsWith("clickhouse:") ? target.slice("clickhouse:".length) : undefined;
}

/** A refused part as a dead letter: exactly the bytes that were sent, and the token they were sent under. */
export function letterOf(refusal: Refusal, table: TableName, nowMs: number): DeadLetter {
  const { part, failure, attempts, errors } = refusal;
  const target = targetOf(table);
  return {
    v: 1,
    id: idOf(`${target}:${part.token}`),
    ts: new Date(nowMs).toISOString(),
    source: target,
    target,
    reason: REASON[failure.kind],
    code: failure.code,
    message: failure.message,
    attempts,
    errors,
    firstTs: new Date(part.batch.firstMs).toISOString(),
    token: part.token,
    headers: { rows: String(part.rowCount) },
    replays: part.batch.replays,
    ...payloadOf(part.pieces, part.rowCount),
  };
}

/** The bytes of a letter's rows, as they were sent. */
export function bytesOfLetter({ encoding, payload }: Pick<DeadLetter, "encoding" | "payload">): Buffer {
  return Buffer.from(payload, encoding === "base64" ? "base64" : "utf8");
}

/** Characters of a letter's id. */
const MAX_ID_LENGTH = 512;

/**
 * What is too long ends in a hash of all of it. Tokens of one batch differ at their ends: cut there, its letters would
 * have one id and replace each other.
 */
function idOf(text: string): string {
  if (text.length <= MAX_ID_LENGTH) return text;
  const hash = createHash("sha256").update(text).digest("hex");
  return `${text.slice(0, MAX_ID_LENGTH - hash.length - 1)}#${hash}`;
}

const REASON: Readonly<Record<FailureClass, DeadLetter["reason"]>> = {
  transient: "undeliverable",
  configuration: "undeliverable",
  row: "rejected",
  rejected: "rejected",
};

function payloadOf(
  pieces: readonly Buffer[],
  rowCount: number,
): { readonly encoding: PayloadEncoding; readonly payload: string } {
  const [only] = pieces;
  const bytes = only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
  const rows = bytes.subarray(0, -1); // without the last line break
  if (!isUtf8(rows)) return { encoding: "base64", payload: rows.toString("base64") };
  return { encoding: rowCount === 1 ? "json" : "text", payload: rows.toString("utf8") };
}
