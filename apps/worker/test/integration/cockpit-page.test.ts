import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { chromiumPath, launchBrowser, openPage, seriousFaults, sidewaysScroll } from "../support/browser.ts";
import { CockpitServer } from "../support/cockpit-server.ts";
import { letter } from "../support/letters.ts";

if (chromiumPath === undefined)
  process.stderr.write("skipped: no chromium on the PATH, and no root's apt-get to install it\n");

const TOKEN = "sesame-sesame-7391";
const MARKUP = `<img src=x onerror="document.title='broken in'">`;
const UNBROKEN = "x".repeat(300);

describe.skipIf(chromiumPath === undefined)("the page of the cockpit", () => {
  let browser: Browser;
  let cockpit: CockpitServer;
  let url: string;
  beforeAll(async () => {
    [browser, cockpit] = await Promise.all([launchBrowser(), CockpitServer.open(TOKEN)]);
    url = await cockpit.http.listen({ host: "127.0.0.1", port: 0 });
    await cockpit.service.deadLetters.append([
      letter(UNBROKEN, { message: UNBROKEN, code: "A_CODE", payload: UNBROKEN, encoding: "text" }),
      letter("markup", { message: MARKUP, payload: MARKUP, encoding: "text", headers: { [MARKUP]: MARKUP } }),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await cockpit[Symbol.asyncDispose]();
  });

  async function openLetter(page: Page, message: string): Promise<void> {
    await page.getByRole("button", { name: message }).click();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("Payload", { exact: false }).first().waitFor();
  }

  it("shows what came from elsewhere as text, never as markup", async () => {
    const { page, complaints } = await openPage(browser, url);
    await openLetter(page, MARKUP);
    const dialog = page.getByRole("dialog");
    expect(await dialog.locator("pre").textContent()).toBe(MARKUP);
    expect(await dialog.getByText(MARKUP, { exact: true }).count()).toBeGreaterThanOrEqual(4);
    expect(await page.locator("dialog img, table img").count()).toBe(0);
    expect(await page.title()).toBe("Chimera cockpit");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(["light", "dark"] as const)(
    "has no serious fault that axe would find, when it is %s",
    async (colorScheme) => {
      const { page } = await openPage(browser, url, { colorScheme });
      await page.getByText("does not serve").first().waitFor();
      await page.getByRole("button", { name: MARKUP }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await openLetter(page, MARKUP);
      expect(await seriousFaults(page)).toEqual([]);
      await page.context().close();
    },
  );

  it("is not wider than a phone of 360 px, whatever a letter says, nor are its dialogs", async () => {
    const { page } = await openPage(browser, url, { viewport: { width: 360, height: 740 } });
    await page.getByRole("button", { name: UNBROKEN }).waitFor();
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
    await openLetter(page, UNBROKEN);
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
    const wider =
      "(() => { const d = document.querySelector('dialog'); return d.scrollWidth - d.clientWidth; })()";
    expect(await page.evaluate<number>(wider)).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  it("can be used with the keys alone: the focus is seen, stays in a dialog, and comes back from it", async () => {
    const { page } = await openPage(browser, url);
    const opener = page.getByRole("button", { name: MARKUP });
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Token").waitFor();
    await page.keyboard.type(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").locator("pre").waitFor();
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press("Tab");
      // At the end of the dialog the browser's own controls have their turn, and the page has no focus.
      const inside =
        "document.activeElement === document.body || document.activeElement.closest('dialog') !== null";
      expect(await page.evaluate<boolean>(inside)).toBe(true);
    }
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.evaluate<string>("document.activeElement.textContent")).toBe(MARKUP);
    await page.keyboard.press("Shift+Tab");
    expect(await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle")).toBe(
      "solid",
    );
    await page.context().close();
  });

  it("asks for the token before anything is changed, and changes nothing without it", async () => {
    const { page } = await openPage(browser, url);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByLabel("Token").fill("not the token");
    await page.getByRole("button", { name: "Unlock", exact: true }).click();
    await page.getByRole("alert").getByText("not the value of CHIMERA_ADMIN_TOKEN").waitFor();
    await page.keyboard.press("Escape");
    expect((await cockpit.service.queue.metrics()).paused).toBe(false);
    const withoutHeader = "fetch('api/actions/pause', { method: 'POST' }).then(({ status }) => status)";
    expect(await page.evaluate<number>(withoutHeader)).toBe(401);
    await page.context().close();
  });

  it("shows letters in full and says that nothing can be changed where the service has no token", async () => {
    await using locked = await CockpitServer.open();
    await locked.service.deadLetters.append([letter("a")]);
    const { page } = await openPage(browser, await locked.http.listen({ host: "127.0.0.1", port: 0 }));
    await page.getByText("Nothing can be changed from here").waitFor();
    await page.locator("tbody").getByRole("button").click();
    await page.getByRole("dialog").getByText("Payload", { exact: false }).first().waitFor();
    await page.keyboard.press("Escape");
    for (const name of ["Pause", "Unlock actions", "Replay all…", "Purge all…"]) {
      expect(await page.getByRole("button", { name }).isDisabled()).toBe(true);
    }
    await page.context().close();
  });

  it("purges only after the number was written, and then tells how many went", async () => {
    const { page } = await openPage(browser, url);
    await page.getByRole("searchbox").fill("A_CODE");
    await page.getByRole("checkbox", { name: "Tick every letter shown" }).waitFor();
    await page.locator("tbody tr").nth(1).waitFor({ state: "detached" });
    await page.getByRole("checkbox", { name: "Tick every letter shown" }).check();
    await page.getByRole("button", { name: "Purge 1 ticked…" }).click();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    const purge = page.getByRole("button", { name: "Purge 1 letter for good" });
    await purge.waitFor();
    expect(await purge.isDisabled()).toBe(true);
    await page.getByLabel("Write 1 to confirm").fill("1");
    await purge.click();
    await page.getByText("1 letter removed for good").waitFor();
    await page.getByText("No letter matches").waitFor();
    expect((await cockpit.service.deadLetters.stats()).count).toBe(1);
    await page.context().close();
  });
});
