import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@chimera/dlq";
import { LocalBackend } from "../../src/local/local-backend.ts";
import type { JobView } from "../../src/protocol.ts";

/**
 * Kills a process that works on a journaled queue with SIGKILL at random points, again and again on one journal, and
 * looks after each kill whether the journal still keeps every answer that had been given.
 *
 * Run with `node --import tsx`; results go to `journal-kill.json` beside this file.
 */
const KILLS_A_DURABILITY = 100;
/** A kill comes within this many milliseconds of the journal's opening. */
const MAX_LIFE_MS = 150;
/** Every so many lives the kill comes while the journal is being opened instead, within this many milliseconds. */
const OPENING_KILL_EVERY = 10;
const MAX_OPENING_MS = 15;
/** Lives that share a journal, so that compaction and many openings are met too. */
const LIVES_A_JOURNAL = 20;
const VICTIM = fileURLToPath(new URL("journal-victim.ts", import.meta.url));

/** What the victim told about a job before it died. */
interface Told {
  enqueued: boolean;
  deliveries: number;
  failures: number;
  settled: boolean;
}

interface Tally {
  readonly durability: "fsync" | "os";
  kills: number;
  answeredEnqueues: number;
  answeredSettles: number;
  lost: number;
  cameBack: number;
  forgotDeliveries: number;
  forgotFailures: number;
}

async function runCampaign(durability: "fsync" | "os"): Promise<Tally> {
  const tally: Tally = {
    durability,
    kills: 0,
    answeredEnqueues: 0,
    answeredSettles: 0,
    lost: 0,
    cameBack: 0,
    forgotDeliveries: 0,
    forgotFailures: 0,
  };
  while (tally.kills < KILLS_A_DURABILITY) await runJournal(tally);
  return tally;
}

async function runJournal(tally: Tally): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "chimera-kill-"));
  const told = new Map<string, Told>();
  try {
    for (let life = 0; life < LIVES_A_JOURNAL; life++) {
      await liveAndDie(directory, tally.durability, life, told);
      tally.kills++;
      await compare(directory, told, tally);
    }
    for (const { enqueued, settled } of told.values()) {
      if (enqueued) tally.answeredEnqueues++;
      if (settled) tally.answeredSettles++;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function liveAndDie(
  directory: string,
  durability: string,
  life: number,
  told: Map<string, Told>,
): Promise<void> {
  const victim = spawn(
    process.execPath,
    ["--conditions=@chimera/source", "--import", "tsx", VICTIM, directory, durability, String(life)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [signal, maxMs] =
    life % OPENING_KILL_EVERY === OPENING_KILL_EVERY - 1
      ? ["opening", MAX_OPENING_MS]
      : ["open\n", MAX_LIFE_MS];
  let text = "";
  let doomed = false;
  victim.stdout.setEncoding("utf8");
  victim.stdout.on("data", (chunk: string) => {
    text += chunk;
    if (doomed || !text.includes(signal)) return;
    doomed = true;
    setTimeout(() => victim.kill("SIGKILL"), Math.random() * maxMs);
  });
  await new Promise((resolve) => victim.once("close", resolve));
  // The last line may be cut short: whether it was said is unknown, like the answer itself.
  for (const line of text.split("\n").slice(0, -1)) if (!line.startsWith("open")) note(line, told);
}

function note(line: string, told: Map<string, Told>): void {
  const [id = "", count = ""] = line.slice(1).split(" ");
  // A consumer may tell of a job before its producer does: with `fsync` the producer waits longer.
  const job = told.get(id) ?? { enqueued: false, deliveries: 0, failures: 0, settled: false };
  told.set(id, job);
  if (line.startsWith("+")) job.enqueued = true;
  if (line.startsWith("!")) job.deliveries = Number(count);
  if (line.startsWith("~")) job.failures++;
  if (line.startsWith("-")) job.settled = true;
}

/** Opens the journal as the next process would, and holds it against what was told. */
async function compare(directory: string, told: ReadonlyMap<string, Told>, tally: Tally): Promise<void> {
  await using backend = new LocalBackend("victim", {
    logger: silentLogger,
    journal: { directory, durability: "os", compactAtBytes: 65_536 },
  });
  const kept = await jobsIn(backend);
  for (const [id, { enqueued, settled, deliveries, failures }] of told) {
    const view = kept.get(id);
    if (settled) {
      if (view !== undefined) tally.cameBack++;
      continue;
    }
    // Neither told as settled nor there: the settle may have been kept and its answer killed on the way.
    if (view === undefined) {
      if (enqueued && deliveries === 0) tally.lost++;
      continue;
    }
    if (view.failures < failures) tally.forgotFailures++;
    // A release takes the last delivery back.
    if (view.deliveryCount < deliveries - 1) tally.forgotDeliveries++;
  }
}

async function jobsIn(backend: LocalBackend): Promise<Map<string, JobView>> {
  const kept = new Map<string, JobView>();
  for (const state of ["ready", "delayed", "in-flight"] as const) {
    let cursor: string | undefined;
    do {
      const page = await backend.admin.browse({ state, limit: 250, ...(cursor !== undefined && { cursor }) });
      for (const view of page.jobs) kept.set(view.job.id, view);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return kept;
}

const tallies = [await runCampaign("os"), await runCampaign("fsync")];
console.table(tallies);
writeFileSync(new URL("journal-kill.json", import.meta.url), `${JSON.stringify(tallies, undefined, 2)}\n`);
const broken = tallies.some(
  (tally) => tally.lost + tally.cameBack + tally.forgotDeliveries + tally.forgotFailures > 0,
);
process.exitCode = broken ? 1 : 0;
