import { setTimeout as delay } from "node:timers/promises";
import { anyWorker, between, type Fault } from "../surroundings.ts";

const HOUR_MS = 3_600_000;

/** SIGKILL in mid-work; another worker takes its place. */
export const killWorker: Fault = {
  name: "kill-worker",
  scope: "worker",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const victim = await anyWorker(surroundings);
    await surroundings.workers.kill(victim);
    surroundings.workers.replace(victim);
    return { victim: victim.name };
  },
};

/** SIGSTOP for longer than a lease, then awake again: a zombie that believes its jobs are still its own. */
export const stopWorker: Fault = {
  name: "stop-worker",
  scope: "worker",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const victim = await anyWorker(surroundings);
    victim.child.kill("SIGSTOP");
    await delay(surroundings.leaseMs + between(surroundings.random, 200, 2_000));
    victim.child.kill("SIGCONT");
    return { victim: victim.name };
  },
};

/** A worker whose wall clock is an hour off replaces one whose clock was right. */
export const wrongClock: Fault = {
  name: "wrong-clock",
  scope: "worker",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const victim = await anyWorker(surroundings);
    await surroundings.workers.kill(victim);
    surroundings.workers.replace(victim, {
      clockOffsetMs: surroundings.random() < 0.5 ? HOUR_MS : -HOUR_MS,
    });
    return { victim: victim.name };
  },
};
