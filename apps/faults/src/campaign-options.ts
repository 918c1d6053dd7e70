/** What one segment of a campaign is to do: everything that its course depends on. */
export interface CampaignOptions {
  readonly system: string;
  readonly seed: number;
  /** How long jobs are produced and faults are made. */
  readonly durationMs: number;
  /** Jobs a second that all producers hand in together. */
  readonly ratePerSecond: number;
  /** Producer processes; a queue inside its process has none of its own. */
  readonly producers: number;
  readonly workers: number;
  /** Milliseconds that a handler works before its effect. */
  readonly workMs: number;
  /** Milliseconds that a delivery belongs to its worker, the same for every system. */
  readonly leaseMs: number;
  /** Pause between the end of one fault and the next, on average. */
  readonly calmMs: number;
  /** What an acknowledgement waits for, where the system offers a choice. */
  readonly durability?: string;
  /** Faults to choose from; all that the system must survive unless given. */
  readonly faults?: readonly string[];
}
