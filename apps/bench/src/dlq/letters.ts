import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { DEAD_LETTER_REASONS, FileDeadLetterStore, silentLogger, type DeadLetter } from "@chimera/dlq";

const FIRST_MS = Date.parse("2026-11-01T00:00:00.000Z");
/** Letters appended at once while a file is made. */
const PIECE = 5_000;

/** The `at`-th letter: about 500 bytes as a line, a payload of a web shop's size, every reason in turn. */
export function letter(at: number): DeadLetter {
  const ts = new Date(FIRST_MS + at).toISOString();
  return {
    v: 1,
    id: randomUUID(),
    ts,
    source: "queue:orders",
    target: "queue:orders",
    reason: DEAD_LETTER_REASONS[at % DEAD_LETTER_REASONS.length] ?? "exhausted",
    code: "ECONNREFUSED",
    message: "connect ECONNREFUSED",
    attempts: 5,
    errors: [{ ts, code: "ECONNREFUSED", message: "connect ECONNREFUSED" }],
    firstTs: ts,
    replays: 0,
    encoding: "json",
    payload: JSON.stringify({
      order: at,
      customer: { id: at % 1_000, email: "someone@example.com" },
      items: [1, 2],
    }),
  };
}

/** Makes a store's file of about `bytes`, and answers how many letters stand in it. */
export async function writeLetterFile(path: string, bytes: number): Promise<number> {
  await using store = new FileDeadLetterStore({
    path,
    rotateBytes: Number.MAX_SAFE_INTEGER,
    logger: silentLogger,
  });
  let count = 0;
  for (let written = 0; written < bytes;) {
    const piece = Array.from({ length: PIECE }, (_, at) => letter(count + at));
    await store.append(piece);
    count += piece.length;
    written = (await stat(path)).size;
  }
  return count;
}
