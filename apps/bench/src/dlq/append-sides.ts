import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FileDeadLetterStore, silentLogger, type DeadLetter } from "@chimera/dlq";
import { diskDirectory } from "../disk-directory.ts";
import { ratePerSecond, type Sides } from "../scenario.ts";
import { letter } from "./letters.ts";

/** A way to store a letter so that it survives a power cut. */
export interface DurableAppend {
  append(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}

/** How both sides of an append scenario are fed. */
export interface AppendSidesOptions {
  readonly appenders: number;
  /** Letters of a run of ours, and of the reference, which may need far fewer to be measured. */
  readonly letters: { readonly ours: number; readonly reference: number };
  readonly openReference: (path: string) => Promise<DurableAppend>;
}

/** Our file store against another durable append, each fed by so many appenders that wait for their own letters. */
export async function appendSides({ appenders, letters, openReference }: AppendSidesOptions): Promise<Sides> {
  const directory = await diskDirectory();
  const path = join(directory.path, "dlq.jsonl");
  const run = async (open: () => Promise<DurableAppend>, count: number): Promise<number> => {
    await rm(path, { force: true });
    const all = Array.from({ length: count }, (_, at) => letter(at));
    const side = await open();
    let next = 0;
    const appendOneByOne = async (): Promise<void> => {
      for (let at = next++; at < count; at = next++) await side.append(all[at] as DeadLetter);
    };
    const rate = await ratePerSecond(count, async () => {
      await Promise.all(Array.from({ length: appenders }, appendOneByOne));
    });
    await side.close();
    const stored = await countLines(path);
    if (stored !== count) throw new Error(`${stored} of ${count} letters are in the file`);
    return rate;
  };
  return {
    fileSystem: directory.fileSystem,
    ours: async () => run(async () => openOurs(path), letters.ours),
    reference: async () => run(async () => openReference(path), letters.reference),
    close: async () => directory[Symbol.asyncDispose](),
  };
}

function openOurs(path: string): DurableAppend {
  const store = new FileDeadLetterStore({ path, logger: silentLogger });
  return {
    append: async (one) => store.append([one]),
    close: async () => store.close(),
  };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return lines;
}
