import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawn, newestResults, readmes } from "../../src/readme-tables.ts";

/** How a measured rate or ratio is written; settings and limits have other units. */
const MEASURED =
  /\d[\d .,]*(?:[kM] )?(?:jobs|rows|records|queries|ops)\/s\b|\b\d+(?:\.\d+)?(?:x| times) (?:faster|better|as fast|less|more)\b/;
const BLOCK = /<!-- (?:(?:bench|campaigns): [^>]+|soak) -->[\s\S]*?<!-- end -->/g;

test.each(readmes().map((readme) => [readme.pathname.split("/").slice(-3).join("/"), readme]))(
  "the tables of %s are drawn from the results: `pnpm bench tables` draws them anew",
  (_, readme) => {
    const text = readFileSync(readme, "utf8");
    expect(text).toBe(drawn(text, newestResults()));
  },
);

test.each(readmes().map((readme) => [readme.pathname.split("/").slice(-3).join("/"), readme]))(
  "%s gives no rate and no ratio outside those tables",
  (_, readme) => {
    const prose = readFileSync(readme, "utf8")
      .replace(BLOCK, "")
      .replace(/```[\s\S]*?```/g, "");
    expect(prose.split("\n").filter((line) => MEASURED.test(line))).toEqual([]);
  },
);

test("a figure that is not in the results does not stay in a table", () => {
  const text = "<!-- bench: redis-e2e -->\n| `redis-e2e` | BullMQ | 99 |\n<!-- end -->";
  expect(drawn(text, new Map())).not.toContain("99");
});
