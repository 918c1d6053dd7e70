/** What a campaign is to do. */
export interface CampaignOptions {
  readonly system: string;
  readonly seed: number;
  /** How long jobs are produced and faults are made. */
  readonly durationMs: number;
  /** Jobs a second that all producers hand in together. */
  readonly ratePerSecond: number;
  readonly producers: number;
  readonly workers: number;
  /** Milliseconds that a handler works before its effect. */
  readonly workMs: number;
  /** Pause between the end of one fault and the next. */
  readonly calmMs: number;
  /** Faults to choose from; all that the system's server allows unless given. */
  readonly faults?: readonly string[];
}
