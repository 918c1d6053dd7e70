import { apiReportHolds, publicEntriesOf } from "./api-report.ts";
import { expectations } from "./expectations.ts";

/** Writes the API report of every entry of every package, and says which are other than before. */
for (const each of expectations.flatMap(({ folder }) => publicEntriesOf(folder))) {
  const held = apiReportHolds(each, { update: true });
  console.log(`packages/${each.folder}/api/${each.entry}.api.md: ${held ? "as it was" : "written"}`);
}
