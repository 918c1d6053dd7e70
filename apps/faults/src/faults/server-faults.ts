import { setTimeout as delay } from "node:timers/promises";
import { command } from "../redis-servers.ts";
import { between, networkOf, type Fault } from "../surroundings.ts";

/** SIGKILL of the server and a restart on what it had on disk. */
export const killServer: Fault = {
  name: "kill-server",
  scope: "server",
  outage: true,
  survivable: true,
  async strike(surroundings) {
    const { servers } = networkOf(surroundings);
    await servers.primary.kill9();
    await delay(between(surroundings.random, 0, 1_000));
    await servers.primary.restart();
    return {};
  },
};

/** The server forgets every script it was taught. */
export const flushScripts: Fault = {
  name: "flush-scripts",
  scope: "server",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    await command(networkOf(surroundings).servers.primary.url, ["SCRIPT", "FLUSH"]);
    return {};
  },
};

/** The primary dies and its replica, which may be behind, takes its place. Only where it is asked for: it can lose what was acknowledged. */
export const failOver: Fault = {
  name: "fail-over",
  scope: "server",
  outage: true,
  survivable: false,
  async strike(surroundings) {
    const { servers, proxy } = networkOf(surroundings);
    await servers.failOver((url) => {
      proxy.retarget(url);
      proxy.cutAll();
    });
    return {};
  },
};
