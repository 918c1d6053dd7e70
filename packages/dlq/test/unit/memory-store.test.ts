import { describe, expect, it } from "vitest";
import { deadLetterStoreCases } from "../../src/conformance/index.ts";
import { MemoryDeadLetterStore } from "../../src/memory-store.ts";

describe("MemoryDeadLetterStore", () => {
  it.for([...deadLetterStoreCases])("$name", async ({ run }, context) => {
    await using store = new MemoryDeadLetterStore();
    const outcome = await run({ store });
    if (outcome) context.skip(outcome.skipped);
    expect(outcome).toBeUndefined();
  });
});
