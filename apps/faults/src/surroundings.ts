import type { TcpProxy } from "@chimera/test-services";
import type { CampaignProcess, ProcessGroup } from "./process-group.ts";
import type { RedisServers } from "./redis-servers.ts";

/** The server of a campaign and the way to it. */
export interface Network {
  readonly servers: RedisServers;
  /** Between every process of the campaign and the server that is primary. */
  readonly proxy: TcpProxy;
}

/** What the nemesis may hurt. */
export interface Surroundings {
  /** Absent where the queue lives inside its process. */
  readonly network?: Network;
  readonly workers: ProcessGroup;
  readonly leaseMs: number;
  /** Seeded: 0 <= random() < 1. */
  readonly random: () => number;
}

/** What a fault tells about itself, beside its name and its times. */
export interface FaultOutcome {
  /** The worker that was killed or stopped. */
  readonly victim?: string;
}

/** One way in which the world goes wrong. When `strike` resolves, the surroundings are whole again. */
export interface Fault {
  readonly name: string;
  /** What it hurts: one worker, the server that all share, or the journal of one process. */
  readonly scope: "worker" | "server" | "journal";
  /** Whether the server may leave a call unanswered meanwhile. */
  readonly outage: boolean;
  /** Whether nothing that was acknowledged may be missing afterwards. */
  readonly survivable: boolean;
  strike(surroundings: Surroundings): Promise<FaultOutcome>;
}

/** A worker that has its queue open, drawn by the seed: one that is still starting holds nothing. */
export async function anyWorker({ workers, random }: Surroundings): Promise<CampaignProcess> {
  for (;;) {
    const { working, running } = workers;
    const drawn = working[Math.floor(random() * working.length)];
    if (drawn !== undefined) return drawn;
    if (running.length === 0) throw new Error("no worker is running: every one of them has ended by itself");
    await Promise.race(running.map(async ({ ready }) => ready));
  }
}

/** @throws Error where the campaign has no server. */
export function networkOf({ network }: Surroundings): Network {
  if (network === undefined) throw new Error("a queue inside its process has no network to hurt");
  return network;
}

/** A whole number of milliseconds from `min` to `max`, drawn by the seed. */
export function between(random: () => number, min: number, max: number): number {
  return Math.round(min + random() * (max - min));
}
