import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FileDeadLetterStore } from "@chimera/dlq";
import { PostgresAdapter } from "@chimera/storage-postgres";
import { startClickHouse, startPostgres } from "@chimera/test-services";
import type { TestService } from "@chimera/test-services";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { chromiumPath, launchBrowser, openPage } from "../support/browser.ts";
import { event, events } from "../support/events.ts";
import { letter } from "../support/letters.ts";
import { ServiceProcess } from "../support/service-process.ts";

const TOKEN = "sesame-sesame-7391";
const PATIENCE = { timeout: 40_000, interval: 100 };

async function untilReady(service: ServiceProcess): Promise<void> {
  await vi.waitFor(async () => expect((await service.get("/ready")).status).toBe(200), PATIENCE);
}

describe.skipIf(chromiumPath === undefined)("the cockpit over a service at work", () => {
  const directory = mkdtempSync(join(tmpdir(), "chimera-cockpit-test-"));
  const deadLetterPath = join(directory, "dlq.jsonl");
  let postgres: TestService;
  let clickhouse: TestService;
  let service: ServiceProcess;
  beforeAll(async () => {
    [postgres, clickhouse] = await Promise.all([startPostgres(), startClickHouse()]);
    service = await ServiceProcess.start({
      CHIMERA_POSTGRES_URL: postgres.url,
      CHIMERA_CLICKHOUSE_URL: clickhouse.url,
      CHIMERA_DLQ_PATH: deadLetterPath,
      CHIMERA_ADMIN_TOKEN: TOKEN,
    });
    await untilReady(service);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await Promise.all([postgres.stop(), clickhouse.stop()]);
    rmSync(directory, { recursive: true });
  });

  it("its charts move while jobs run, and a dead letter is found, replayed and gone", async () => {
    await using browser = await launchBrowser();
    const { page, complaints } = await openPage(browser, service.url);
    await page.getByText("Keeping up").waitFor();
    const throughput = page.locator("figure", { hasText: "Throughput" });
    const drawn = async (): Promise<string> =>
      page.evaluate<string>("document.querySelectorAll('canvas')[1].toDataURL()");
    const before = await drawn();
    const answer = await service.post("/jobs", JSON.stringify(events("charted", 200)));
    expect(answer.status).toBe(202);
    await page.getByText(/200 enqueued · 200 done/).waitFor();
    expect(await drawn()).not.toBe(before);
    expect(await throughput.locator("[role=img]").getAttribute("aria-label")).toMatch(/^Throughput over/);

    await using store = new FileDeadLetterStore({ path: deadLetterPath });
    await store.append([
      letter("lost-1", { payload: JSON.stringify(event("lost-1")) }),
      letter("other", { reason: "invalid" }),
    ]);
    await page.getByText("2 letters", { exact: false }).waitFor();
    await page.getByRole("searchbox").fill("lost");
    await page.locator("tbody tr").nth(1).waitFor({ state: "detached" });
    await page.locator("tbody").getByRole("button").click();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Replay…" }).click();
    await page.getByRole("heading", { name: "Dry run" }).waitFor();
    await page.getByRole("button", { name: "Replay 1 letter" }).click();
    await page.getByText("Replay done").first().waitFor();
    await page.getByText("No letter matches").waitFor();

    await using rows = new PostgresAdapter({ url: postgres.url });
    await vi.waitFor(async () => {
      const found = await rows.query("SELECT id FROM chimera_demo_quakes WHERE id = $1", ["lost-1"]);
      expect(found.rows).toEqual([{ id: "lost-1" }]);
    }, PATIENCE);
    expect(await store.stats()).toMatchObject({ count: 1, byReason: { invalid: 1 } });
    expect(complaints).toEqual([]);
  });

  it("ends its streams when the service ends, which takes no longer for them, and the page says so", async () => {
    await using browser = await launchBrowser();
    const { page } = await openPage(browser, service.url);
    await page.getByText("Keeping up").waitFor();
    const response = await fetch(`${service.url}/api/events`);
    service.signal("SIGTERM");
    expect(await service.exitCode()).toBe(0);
    expect(await response.text()).toContain("event: hello");
    await page.getByText(/^No news since .*: the service does not answer$/).waitFor();
  });
});
