import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deadLetterStoreCases } from "../../src/conformance/index.ts";
import { FileDeadLetterStore } from "../../src/index.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "chimera-dlq-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe("FileDeadLetterStore", () => {
  it.for([...deadLetterStoreCases])("$name", async ({ run }, context) => {
    const path = join(directory, randomUUID(), "dlq.jsonl");
    await using store = new FileDeadLetterStore({ path });
    const outcome = await run({ store, openAnother: async () => new FileDeadLetterStore({ path }) });
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});
