/** Hands jobs in, as one process of the campaign. */
export interface CampaignProducer {
  /** Answers for each id whether the queue acknowledged the job; a rejection means that none was. */
  enqueue(ids: readonly string[]): Promise<boolean[]>;
  close(): Promise<void>;
}

/** What a worker process tells the ledger. */
export interface WorkerHooks {
  /** The job's effect. `fence` grows over the deliveries of a job. */
  handle(id: string, fence: number): Promise<void>;
  /** The queue accepted that this delivery is done. */
  settled(id: string, fence: number): void;
  /** The queue refused a settle, or the worker noticed that the lease was lost. */
  stale(id: string, fence: number): void;
}

export interface CampaignWorker {
  /** Ends in order: nothing new is started, what runs may end. */
  close(): Promise<void>;
}

/** A queue under test, used through its public API only and with the settings that its makers recommend. */
export interface QueueSystem {
  readonly name: string;
  /** Written beside the results. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** The package whose version stands beside the results. */
  readonly packageName: string;
  produce(url: string): Promise<CampaignProducer>;
  work(url: string, hooks: WorkerHooks): Promise<CampaignWorker>;
  /** Jobs that have not ended: ready, delayed or in flight. Asked of the server itself, not through the proxy. */
  remaining(url: string): Promise<number>;
}

/** How long a delivery belongs to its worker, the same for every system. Short, so that a run sees many expire. */
export const LEASE_MS = 3_000;
/** Handlers of one worker at a time, the same for every system. */
export const CONCURRENCY = 20;
export const QUEUE_NAME = "campaign";
