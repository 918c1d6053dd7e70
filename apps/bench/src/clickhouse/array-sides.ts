import { Readable } from "node:stream";
import type { Sides } from "../scenario.ts";
import { arraysOf, openBench, quakes, withWriter } from "./quakes-table.ts";
import type { Bench, Quake } from "./quakes-table.ts";

/** Our writer given arrays of 10 000 rows, and a reference that stores the same arrays in its own way. */
export async function arraySides(
  n: number,
  prepare: (bench: Bench, arrays: readonly Quake[][]) => (table: string) => Promise<void>,
): Promise<Sides> {
  const bench = await openBench();
  const arrays = arraysOf(quakes(n));
  const reference = prepare(bench, arrays);
  return {
    ours: async () =>
      bench.intoNewTable(n, async (table) =>
        withWriter(bench.adapter, table, async (writer) => {
          await Promise.all(arrays.map(async (array) => writer.writeMany(array)));
        }),
      ),
    reference: async () => bench.intoNewTable(n, reference),
    close: async () => bench.close(),
  };
}

/** The array through the driver's own insert. */
export async function insertArray({ client }: Bench, table: string, values: readonly Quake[]): Promise<void> {
  await client.insert({ table, values, format: "JSONEachRow" });
}

/** Rows as the bytes that go on the wire. */
export function encoded(rows: readonly Quake[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** Bytes that were encoded before, through `exec`. */
export async function execBytes({ client }: Bench, table: string, bytes: Buffer): Promise<void> {
  const { stream } = await client.exec({
    query: `INSERT INTO ${table} FORMAT JSONEachRow`,
    values: Readable.from([bytes], { objectMode: false }),
  });
  stream.resume();
  await new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
}

/** One item after the other. */
export async function oneByOne<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  for (const item of items) await work(item);
}

/** As many items at once as our writer has inserts in flight by default. */
export async function fourAtOnce<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const shared = { [Symbol.iterator]: () => ({ next: () => queue.next() }) };
  await Promise.all(Array.from({ length: 4 }, async () => oneByOne(shared, work)));
}
