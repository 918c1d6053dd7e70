import { setTimeout as delay } from "node:timers/promises";
import { between, type Fault } from "../surroundings.ts";

/** SIGKILL of the server and a restart on what it had on disk. */
export const killServer: Fault = {
  name: "kill-server",
  scope: "server",
  async strike({ server, random }) {
    await server.kill9();
    await delay(between(random, 0, 1_000));
    await server.restart();
    return {};
  },
};

/** The server forgets every script it was taught. */
export const flushScripts: Fault = {
  name: "flush-scripts",
  scope: "server",
  async strike({ command }) {
    await command(["SCRIPT", "FLUSH"]);
    return {};
  },
};
