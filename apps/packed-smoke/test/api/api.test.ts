import { expect, test } from "vitest";
import { apiReportHolds, publicEntriesOf } from "../../src/api-report.ts";
import { expectations } from "../../src/expectations.ts";

const entries = expectations.flatMap(({ folder }) => publicEntriesOf(folder));

test.each(entries)("packages/$folder offers as $entry what its API report says", (entry) => {
  const agrees = apiReportHolds(entry, { update: false });
  expect(agrees, "write the reports with `npx -y pnpm@12.21.0 api`, and look at what changed").toBe(true);
});
