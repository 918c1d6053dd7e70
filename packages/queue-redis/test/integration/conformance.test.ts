import { conformanceCases } from "@chimera/queue-core/conformance";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisFixture } from "../support/redis-fixture.ts";

let server: TestService;

beforeAll(async () => {
  server = await startRedis({ config: ["appendonly yes", "appendfsync always"] });
});
afterAll(async () => server.stop());

describe.each([
  { clock: "the server's clock", still: false },
  { clock: "a clock that stands still", still: true },
])("the protocol on one Redis, by $clock", ({ still }) => {
  let fixture: RedisFixture;
  beforeAll(() => {
    fixture = new RedisFixture({ connection: { url: server.url }, server, still });
  });
  afterAll(async () => fixture.close());

  for (const each of conformanceCases) {
    test(`rule ${each.rule}: ${each.name}`, async (context) => {
      const outcome = await each.run(fixture);
      if (outcome !== undefined) context.skip(outcome.skipped);
      expect(outcome).toBeUndefined();
    });
  }
});
