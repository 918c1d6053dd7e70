import type {
  Delivery,
  DequeueRequest,
  EnqueueResult,
  NewJob,
  QueueAdmin,
  QueueBackend,
  QueueMetrics,
  Receipt,
  SettleAndDequeueReply,
  Settlement,
  SettleResult,
} from "../protocol.ts";

/** Passes every call on to another backend: what a test extends to change one verb. Unstable: may change in any release. */
export class ForwardingBackend implements QueueBackend {
  readonly protocol = 1;
  readonly name: string;
  readonly inner: QueueBackend;
  readonly admin?: QueueAdmin;
  readonly overlapsEnqueues?: boolean;
  readonly settleAndDequeue?: (
    settlements: readonly Settlement[],
    request: DequeueRequest,
  ) => Promise<SettleAndDequeueReply>;

  constructor(inner: QueueBackend) {
    this.inner = inner;
    this.name = inner.name;
    if (inner.admin !== undefined) this.admin = inner.admin;
    if (inner.overlapsEnqueues !== undefined) this.overlapsEnqueues = inner.overlapsEnqueues;
    if (inner.settleAndDequeue !== undefined) {
      this.settleAndDequeue = inner.settleAndDequeue.bind(inner);
    }
  }

  async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return this.inner.enqueue(jobs);
  }

  async dequeue(request: DequeueRequest): Promise<Delivery[]> {
    return this.inner.dequeue(request);
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return this.inner.settle(settlements);
  }

  async extend(receipts: readonly Receipt[], leaseMs: number): Promise<SettleResult[]> {
    return this.inner.extend(receipts, leaseMs);
  }

  async metrics(): Promise<QueueMetrics> {
    return this.inner.metrics();
  }

  async ping(): Promise<void> {
    await this.inner.ping();
  }

  async close(options?: { readonly deadlineMs?: number }): Promise<void> {
    await this.inner.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
