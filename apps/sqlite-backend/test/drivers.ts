import Libsql from "libsql";
import type { SqliteDatabase } from "../src/sqlite-backend.ts";

export interface Driver {
  readonly name: string;
  readonly open: (file: string) => SqliteDatabase & { close(): void };
}

interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => ReturnType<Driver["open"]>;
}

/** A name in a variable: the types of Node 20 do not know the module. */
const nodeSqlite = "node:sqlite";
/** Node's own driver, from Node 22.13 on, where it needs no flag. */
const nodeDrivers: Driver[] = await import(nodeSqlite).then(
  ({ DatabaseSync }: NodeSqlite) => [{ name: "node:sqlite", open: (file) => new DatabaseSync(file) }],
  () => [],
);

/** The drivers that this Node has. */
export const drivers: readonly Driver[] = [
  { name: "libsql", open: (file) => new Libsql(file) },
  ...nodeDrivers,
];
