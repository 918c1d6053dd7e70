import { conformanceCases } from "@chimera/queue-core/conformance";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisFixture } from "../support/redis-fixture.ts";

/** Cases that enqueue an id again which they called fresh. */
const BREAK_THEIR_WORD = new Set([
  "within one call too, the first of a key or an id is taken and the others are duplicates",
  "a duplicate answers duplicate at the limit too, and a refused job takes no key",
]);

let server: TestService;

beforeAll(async () => {
  server = await startRedis({ config: ["appendonly yes", "appendfsync always"] });
});
afterAll(async () => server.stop());

describe.each([
  { title: "by the server's clock", still: false, fresh: false },
  { title: "by a clock that stands still", still: true, fresh: false },
  { title: "with jobs that travel whole", still: true, fresh: true },
])("the protocol on one Redis, $title", ({ still, fresh }) => {
  let fixture: RedisFixture;
  beforeAll(() => {
    fixture = new RedisFixture({ connection: { url: server.url }, server, still, fresh });
  });
  afterAll(async () => fixture.close());

  for (const each of conformanceCases) {
    if (fresh && BREAK_THEIR_WORD.has(each.name)) continue;
    test(`rule ${each.rule}: ${each.name}`, async (context) => {
      const outcome = await each.run(fixture);
      if (outcome !== undefined) context.skip(outcome.skipped);
      expect(outcome).toBeUndefined();
    });
  }
});
