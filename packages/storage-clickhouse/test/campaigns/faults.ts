/**
 * The faults that tests stage for a second, for minutes: `pnpm campaign:faults`. Writes `faults.json` beside this
 * file; ends with an error when a row was lost, or doubled where tokens are known.
 */
import { TcpProxy } from "@chimera/test-services";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { startModern, startOld } from "../support/engines.ts";
import type { Engine } from "../support/engines.ts";
import { Load } from "../support/load.ts";
import type { Tally } from "../support/load.ts";

const KILLS = 20;
const OUTAGE_MS = 60_000;
const ROWS_THROUGH_PROXY = 20_000;
const QUICK = {
  requestTimeoutMs: 2_000,
  backoff: { baseDelayMs: 20, maxDelayMs: 500 },
  breakerMaxOpenMs: 1_000,
};

async function killLoop(engine: Engine): Promise<Tally> {
  const load = await Load.start(engine, { adapter: QUICK });
  for (let kills = 0; kills < KILLS; kills++) {
    await load.storedMore(500 + kills * 37); // never at the same moment of a batch
    await engine.service.kill9();
    await engine.service.restart();
  }
  await load.storedMore(500);
  return load.stop();
}

async function outage(engine: Engine): Promise<Tally> {
  const load = await Load.start(engine, { adapter: QUICK });
  await load.storedMore(500);
  await engine.service.kill9();
  await delay(OUTAGE_MS);
  await engine.service.restart();
  await load.storedMore(1_000);
  return load.stop();
}

async function lostReplies(engine: Engine): Promise<Tally> {
  await using proxy = await TcpProxy.start(engine.service.url);
  let replies = 0;
  proxy.rules.onReply = () => (++replies % 10 === 0 ? { cutAfterBytes: 0 } : "forward");
  const load = await Load.start(engine, { url: proxy.through(engine.service.url), adapter: QUICK });
  await load.storedMore(ROWS_THROUGH_PROXY);
  return await load.stop();
}

const old = await startOld();
const engines = [await startModern(), ...("missing" in old ? [] : [old])];
const campaigns = {
  "kill -9, 20 times": killLoop,
  "down for a minute": outage,
  "a tenth of replies lost": lostReplies,
};
const results: (Tally & { readonly engine: string; readonly fault: string })[] = [];
for (const engine of engines) {
  for (const [fault, campaign] of Object.entries(campaigns)) {
    const tally = await campaign(engine);
    results.push({ engine: engine.name, fault, ...tally });
    console.log(JSON.stringify(results.at(-1)));
  }
  await engine.service.stop();
}
const report = { date: new Date().toISOString().slice(0, 10), node: process.versions.node, results };
writeFileSync(new URL("faults.json", import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
const broken = results.filter(
  ({ engine, lost, failed, deadLettered, doubled }) =>
    lost + failed + deadLettered > 0 || (engine === "26.7" && doubled > 0),
);
if (broken.length > 0) process.exitCode = 1;
