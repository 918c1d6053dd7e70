import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  FileDeadLetterStore,
  silentLogger,
  type DeadLetterFilter,
  type DeadLetterStore,
  type FileDeadLetterStoreOptions,
} from "../../src/index.ts";
import { sampleLetter } from "../../src/testing/index.ts";
import { temporaryDirectory } from "./disk-directory.ts";

/** A store on a fresh directory, and more stores on the same file; all closed and gone at the end of the scope. */
export interface FileDesk extends AsyncDisposable {
  readonly directory: string;
  readonly path: string;
  readonly store: FileDeadLetterStore;
  open(options?: FileDeadLetterStoreOptions): FileDeadLetterStore;
  text(): Promise<string>;
}

/** Makes the directory and the first store. */
export async function fileDesk(options: FileDeadLetterStoreOptions = {}): Promise<FileDesk> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "dlq.jsonl");
  const stores: FileDeadLetterStore[] = [];
  const open = (more: FileDeadLetterStoreOptions = {}): FileDeadLetterStore => {
    const store = new FileDeadLetterStore({ path, logger: silentLogger, ...options, ...more });
    stores.push(store);
    return store;
  };
  return {
    directory: directory.path,
    path,
    store: open(),
    open,
    text: async () => readFile(path, "utf8"),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map(async (store) => store.close()));
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Appends letters with these ids, one append each, so that each is a group of its own. */
export async function appendEach(
  store: DeadLetterStore,
  ids: readonly string[],
  payload = "{}",
): Promise<void> {
  for (const id of ids) await store.append([sampleLetter({ id, payload })]);
}

/** The ids of matching letters in the store's order. */
export async function idsOf(store: DeadLetterStore, filter: DeadLetterFilter = {}): Promise<string[]> {
  const ids: string[] = [];
  for await (const { letter } of store.list(filter)) ids.push(letter.id);
  return ids;
}
