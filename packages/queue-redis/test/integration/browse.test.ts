import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import { startRedis, type TestService } from "@chimera/test-services";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RedisBackend, RedisConnection } from "../../src/index.ts";

let server: TestService;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

test.for([
  [1, true],
  [1, false],
  [3, true],
  [3, false],
] as const)(
  "jobs over %i partitions (whole: %o) are listed to the last, past pages of nothing but cancelled ones",
  async ([partitions, fresh]) => {
    const connection = new RedisConnection({ url: server.url, logger: silentLogger });
    const backend = new RedisBackend(`browse-${randomUUID()}`, connection, { partitions });
    onTestFinished(async () => {
      await backend.close();
      connection.close();
    });
    const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`);
    await backend.enqueue(ids.map((id) => ({ id, body: "", fresh })));
    const gone = ids.slice(20, 180);
    expect(new Set(await backend.admin.cancel(gone))).toEqual(new Set([true]));

    const found: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const request = { state: "ready", limit: 5, ...(cursor !== undefined && { cursor }) } as const;
      const page = await backend.admin.browse(request);
      // A page that says there is more holds something, or a caller could take it for the end.
      expect(page.cursor === undefined || page.jobs.length > 0).toBe(true);
      found.push(...page.jobs.map(({ job }) => job.id));
      cursor = page.cursor;
    }
    expect(found.toSorted()).toEqual(ids.filter((id) => !gone.includes(id)).toSorted());
  },
);
