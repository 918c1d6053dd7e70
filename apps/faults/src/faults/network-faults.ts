import { setTimeout as delay } from "node:timers/promises";
import { between, networkOf, type Fault } from "../surroundings.ts";

/** Every connection is reset at once. */
export const cutConnections: Fault = {
  name: "cut-connections",
  scope: "server",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const { proxy } = networkOf(surroundings);
    proxy.cutAll();
    return {};
  },
};

/** The network swallows everything for a while and then delivers it late: half-open connections on both sides. */
export const silentNetwork: Fault = {
  name: "silent-network",
  scope: "server",
  outage: true,
  survivable: true,
  async strike(surroundings) {
    const { proxy } = networkOf(surroundings);
    const { random, leaseMs } = surroundings;
    proxy.silence();
    await delay(between(random, 500, leaseMs * 1.5));
    proxy.restore();
    return {};
  },
};

/** Each packet takes a long way. */
export const slowNetwork: Fault = {
  name: "slow-network",
  scope: "server",
  outage: false,
  survivable: true,
  async strike(surroundings) {
    const { proxy } = networkOf(surroundings);
    const { random } = surroundings;
    proxy.rules.latencyMs = between(random, 50, 250);
    await delay(between(random, 1_000, 3_000));
    proxy.rules.latencyMs = 0;
    return {};
  },
};

/** Replies break off at any byte: the server has acted, and the caller does not know. */
export const cutReplies: Fault = {
  name: "cut-replies",
  scope: "server",
  outage: true,
  survivable: true,
  async strike(surroundings) {
    const { proxy } = networkOf(surroundings);
    const { random } = surroundings;
    proxy.rules.onReply = (chunk) =>
      random() < 0.02 ? { cutAfterBytes: Math.floor(random() * chunk.length) } : "forward";
    await delay(between(random, 1_000, 2_000));
    delete proxy.rules.onReply;
    return {};
  },
};
