import { once } from "node:events";
import { finished } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import { bulkSides } from "../postgres/bulk-sides.ts";
import type { Scenario } from "../scenario.ts";

const CHUNK = 65_536;

function escaped(text: string): string {
  return text.replaceAll(
    /[\\\n\r\t]/g,
    (character) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[character] ?? "\\\\",
  );
}

export const scenario: Scenario = {
  title: "100 000 rows at once",
  unit: "rows/s",
  better: "higher",
  referenceName: "COPY by hand in 64 KiB chunks",
  bar: 0.9,
  n: 100_000,
  quickN: 50_000,
  pairs: 7,
  peers: ["pg", "pg-copy-streams"],
  async open(n) {
    return bulkSides(n, ({ pool }) => [
      async (rows) => {
        const client = await pool.connect();
        try {
          const copy = client.query(copyFrom("copy quakes (id, place, magnitude, at, detail) from stdin"));
          let text = "";
          for (const { id, place, magnitude, at, detail } of rows) {
            text += `${id}\t${escaped(place)}\t${magnitude}\t${at}\t${escaped(JSON.stringify(detail))}\n`;
            if (text.length < CHUNK) continue;
            if (!copy.write(Buffer.from(text))) await once(copy, "drain");
            text = "";
          }
          copy.end(Buffer.from(text));
          await finished(copy);
        } finally {
          client.release();
        }
      },
    ]);
  },
};
