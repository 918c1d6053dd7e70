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
  /** The queue gave the job up: a dead letter of it is stored. */
  letter(id: string, fence: number): void;
  /** The queue refused a settle, or the worker noticed that the lease was lost. */
  stale(id: string, fence: number): void;
}

export interface CampaignWorker {
  /** Ends in order: nothing new is started, what runs may end. */
  close(): Promise<void>;
}

/** What a campaign sets on every system. */
export interface SystemOptions {
  /** How long a delivery belongs to its worker. Short, so that a run sees many end. */
  readonly leaseMs: number;
  /** One of the system's `durabilities`; its first unless given. */
  readonly durability?: string;
}

interface System {
  readonly name: string;
  /** The package whose version stands beside the results. */
  readonly packageName: string;
  /** What an acknowledgement may wait for, the default first; none where the queue offers no choice. */
  readonly durabilities: readonly string[];
  /** Written beside the results. */
  settings(options: SystemOptions): Readonly<Record<string, string | number | boolean>>;
  /** Jobs that have not ended: ready, delayed or in flight. Asked of the server or the journal itself, past the proxy. */
  remaining(url: string): Promise<number>;
}

/** A queue on a server that producers and workers share. */
export interface ServerSystem extends System {
  readonly kind: "server";
  produce(url: string, options: SystemOptions): Promise<CampaignProducer>;
  work(url: string, hooks: WorkerHooks, options: SystemOptions): Promise<CampaignWorker>;
  /**
   * When a delivery was handed out, read from its fence, where the queue makes that known: the lease is counted from
   * there. Where it does not, the start of the handler stands for it.
   */
  readonly handedOutAt?: (fence: number) => number;
  /** How many jobs the queue itself counts as stored, and how many settles that ended one. Asked once it is drained. */
  readonly counters?: (url: string) => Promise<{ readonly stored: number; readonly ended: number }>;
}

/** Both in one. */
export interface EmbeddedQueue extends CampaignProducer, CampaignWorker {
  /** Resolves once every job has ended. */
  idle(): Promise<void>;
}

/** A queue inside the process that uses it: one process enqueues and works, on a journal of its own. */
export interface EmbeddedSystem extends System {
  readonly kind: "embedded";
  /** `directory` is the journal's. */
  open(directory: string, hooks: WorkerHooks, options: SystemOptions): Promise<EmbeddedQueue>;
}

/** A queue under test, used through its public API only and with the settings that its makers recommend. */
export type QueueSystem = ServerSystem | EmbeddedSystem;

/** Handlers of one worker at a time, the same for every system. */
export const CONCURRENCY = 20;
export const QUEUE_NAME = "campaign";
