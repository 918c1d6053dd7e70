import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();

it("the README's example runs as it stands", async () => {
  await database.observer.query(`
    create table quakes (id int primary key, place text);
    create table accounts (id int primary key, balance int);
    create table payments (amount int);
    insert into accounts values (1, 100), (2, 100)`);
  vi.stubEnv("CHIMERA_POSTGRES_URL", database.server.url);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const example = new URL(`../readme-example-${process.pid}.ts`, import.meta.url);
  await writeFile(example, code.replace('"@chimera/storage-postgres"', '"../src/index.ts"'));
  try {
    await import(example.pathname);
  } finally {
    await rm(example);
    vi.unstubAllEnvs();
  }
  expect(log.mock.calls).toEqual([[1]]);
  const { rows } = await database.observer.query("select id, balance from accounts order by id");
  expect(rows).toEqual([
    { id: 1, balance: 90 },
    { id: 2, balance: 110 },
  ]);
  expect((await database.observer.query("select * from payments")).rowCount).toBe(1);
});
