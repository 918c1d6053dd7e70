import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below Linux's range for outgoing connections (32_768 to 60_999), so that none of them takes the port of a killed server before it is back. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 29_999;
const MAX_PROBES = 100;
const MAX_STARTS = 5;

/** Calls `start` with a free port, again with another one when somebody else took it between the probe and the start. */
export async function onFreePort<Started>(start: (port: number) => Promise<Started>): Promise<Started> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      const taken = error instanceof Error && /address already in use/i.test(error.message);
      if (!taken || starts === MAX_STARTS) throw error;
    }
  }
}

/** A port on the loopback interface that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_PROBES; tries += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port on 127.0.0.1 from ${LOWEST_PORT} to ${HIGHEST_PORT} in ${MAX_PROBES} tries`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  probe.listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}
