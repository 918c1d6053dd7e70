// Kills writers, a purger and replays by the hundred and writes what was lost to crash.json beside this file.
// pnpm --filter @chimera/dlq campaign:crash
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { crashAppend } from "../support/crash-append.ts";
import { crashReplay } from "../support/crash-replay.ts";
import { temporaryDirectory } from "../support/disk-directory.ts";

const REPLAYS_SIDE_BY_SIDE = 5;
const KILLS_EACH = 20;

await using directory = await temporaryDirectory({ durable: true });
console.log(`on ${directory.fileSystem}`);
await using purged = await temporaryDirectory({ durable: true });

const append = await crashAppend({
  directory: directory.path,
  writers: 4,
  kills: 200,
  rotateBytes: 134_217_728,
  purging: false,
});
console.log("append", append);
const purge = await crashAppend({
  directory: purged.path,
  writers: 4,
  kills: 200,
  rotateBytes: 4_194_304,
  purging: true,
});
console.log("append and purge", purge);
const replays = await Promise.all(
  Array.from({ length: REPLAYS_SIDE_BY_SIDE }, async () => {
    await using own = await temporaryDirectory({ durable: true });
    return await crashReplay({
      directory: own.path,
      kills: KILLS_EACH,
      letters: 20_000,
      ratePerSecond: 2_000,
    });
  }),
);
console.log("replay", replays);

const result = { fileSystem: directory.fileSystem, node: process.version, append, purge, replays };
await writeFile(
  fileURLToPath(new URL("crash.json", import.meta.url)),
  `${JSON.stringify(result, undefined, 2)}\n`,
);
const bad =
  [append, purge].some(({ lost }) => lost > 0) ||
  replays.some(({ missing, doubled, unmarked }) => missing + doubled + unmarked > 0);
process.exitCode = bad ? 1 : 0;
