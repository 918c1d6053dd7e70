import type { TcpProxy } from "@chimera/test-services";
import type { CampaignProcess, ProcessGroup } from "./process-group.ts";
import type { RedisServers } from "./redis-servers.ts";

/** What the nemesis may hurt. */
export interface Surroundings {
  readonly servers: RedisServers;
  /** Between every process of the campaign and the server that is primary. */
  readonly proxy: TcpProxy;
  readonly workers: ProcessGroup;
  readonly leaseMs: number;
  /** Seeded: 0 <= random() < 1. */
  readonly random: () => number;
}

/** What a fault tells about itself, beside its name and its times. */
export interface FaultOutcome {
  readonly victim?: string;
}

/** One way in which the world goes wrong. When `strike` resolves, the surroundings are whole again. */
export interface Fault {
  readonly name: string;
  readonly scope: "worker" | "server";
  strike(surroundings: Surroundings): Promise<FaultOutcome>;
}

/** A worker that runs, drawn by the seed. */
export function anyWorker({ workers, random }: Surroundings): CampaignProcess {
  const { running } = workers;
  const drawn = running[Math.floor(random() * running.length)];
  if (drawn === undefined) throw new Error("no worker is running: every one of them has ended by itself");
  return drawn;
}

/** A whole number of milliseconds from `min` to `max`, drawn by the seed. */
export function between(random: () => number, min: number, max: number): number {
  return Math.round(min + random() * (max - min));
}
