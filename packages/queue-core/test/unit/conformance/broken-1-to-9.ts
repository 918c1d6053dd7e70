import type { Delivery, Receipt } from "../../../src/protocol.ts";
import {
  broken,
  changed,
  brokenAdmin,
  brokenDeliveries,
  brokenSettlements,
  type BrokenBackend,
} from "./broken-backend.ts";

/** A backend, or several, that breaks each of rules 1 to 9. */
export const BROKEN_1_TO_9: readonly BrokenBackend[] = [
  broken(1, "what expires is not counted", (inner) => ({
    metrics: async () => ({ ...(await inner.metrics()), expired: 0 }),
  })),
  broken(1, "every seventh job is answered for and dropped", (inner) => {
    let count = 0;
    return {
      enqueue: async (jobs) => {
        const results = await inner.enqueue(jobs);
        const dropped = jobs.filter((_, index) => results[index]?.status === "enqueued" && ++count % 7 === 0);
        for (const { id } of dropped) await inner.admin.cancel([id]);
        return results;
      },
    };
  }),
  broken(2, "every fifth delivery is given to two consumers", (inner) => {
    let count = 0;
    let again: Delivery | undefined;
    return {
      async dequeue(request) {
        const deliveries = await inner.dequeue(request);
        const doubled = again !== undefined && deliveries.length > 0 ? [again, ...deliveries] : deliveries;
        again = deliveries.find(() => ++count % 5 === 0);
        return doubled;
      },
    };
  }),
  brokenAdmin(2, "jobs in flight are seen among the ready ones too", (admin) => ({
    async browse(request) {
      const page = await admin.browse(request);
      if (request.state !== "ready" || page.cursor !== undefined) return page;
      const { jobs } = await admin.browse({ state: "in-flight", limit: 250 });
      return { jobs: [...page.jobs, ...jobs] };
    },
  })),
  broken(3, "a full batch is followed by an empty one, though more is due", (inner) => {
    let skip = false;
    return {
      async dequeue(request) {
        if (skip) {
          skip = false;
          return [];
        }
        const deliveries = await inner.dequeue(request);
        skip = deliveries.length === 250;
        return deliveries;
      },
    };
  }),
  broken(4, "an extension answers ok and extends nothing", (inner) => ({
    async extend(receipts, leaseMs) {
      const results = await inner.extend(receipts, leaseMs);
      const current = receipts.filter((_, index) => results[index] === "ok");
      if (current.length > 0) await inner.extend(current, 100);
      return results;
    },
  })),
  broken(4, "leases last twice as long as they were asked for", (inner) => ({
    dequeue: async (request) => inner.dequeue({ ...request, leaseMs: request.leaseMs * 2 }),
  })),
  broken(5, "a settle with a stale receipt answers ok", (inner) => ({
    settle: async (settlements) => (await inner.settle(settlements)).map(() => "ok" as const),
  })),
  broken(5, "a delivery is found by its job alone, so an old receipt settles a new one", (inner) => {
    const jobs = new Map<Receipt, string>();
    const current = new Map<string, Receipt>();
    return {
      async dequeue(request) {
        const deliveries = await inner.dequeue(request);
        for (const { job, receipt } of deliveries) {
          jobs.set(receipt, job.id);
          current.set(job.id, receipt);
        }
        return deliveries;
      },
      settle: async (settlements) =>
        inner.settle(
          settlements.map((settlement) => {
            const receipt = current.get(jobs.get(settlement.receipt) ?? "");
            return receipt === undefined ? settlement : changed(settlement, { receipt });
          }),
        ),
    };
  }),
  broken(6, "a settle after the lease's end is stale before anybody has reclaimed it", (inner, clock) => {
    const ends = new Map<Receipt, number>();
    return {
      async dequeue(request) {
        const deliveries = await inner.dequeue(request);
        for (const { receipt, leaseUntil } of deliveries) ends.set(receipt, leaseUntil);
        return deliveries;
      },
      async settle(settlements) {
        const inTime = settlements.filter(({ receipt }) => (ends.get(receipt) ?? 0) >= clock.now());
        const results = await inner.settle(inTime);
        return settlements.map((settlement) => results[inTime.indexOf(settlement)] ?? "stale");
      },
      async extend(receipts, leaseMs) {
        for (const receipt of receipts) ends.set(receipt, clock.now() + leaseMs);
        return inner.extend(receipts, leaseMs);
      },
    };
  }),
  broken(7, "a settle that is sent again answers ok", (inner) => {
    const settled = new Set<Receipt>();
    return {
      async settle(settlements) {
        const results = await inner.settle(settlements);
        return results.map((result, index) => {
          const { receipt = "" as Receipt, outcome } = settlements[index] ?? {};
          const again = settled.has(receipt) && outcome === "done";
          if (result === "ok" && outcome === "done") settled.add(receipt);
          return again ? "ok" : result;
        });
      },
    };
  }),
  brokenSettlements(7, "a dead job is retried", (settlement) =>
    settlement.outcome === "dead"
      ? { receipt: settlement.receipt, outcome: "retry", delayMs: 1_000 }
      : settlement,
  ),
  broken(8, "a release does not take its delivery back", (inner) => {
    const released = new Map<string, number>();
    const jobs = new Map<Receipt, string>();
    return {
      async dequeue(request) {
        const deliveries = await inner.dequeue(request);
        for (const { job, receipt } of deliveries) jobs.set(receipt, job.id);
        return deliveries.map((delivery) =>
          changed(delivery, { deliveryCount: delivery.deliveryCount + (released.get(delivery.job.id) ?? 0) }),
        );
      },
      async settle(settlements) {
        for (const { receipt, outcome } of settlements) {
          const id = jobs.get(receipt) ?? "";
          if (outcome === "release") released.set(id, (released.get(id) ?? 0) + 1);
          if (outcome === "done") released.delete(id);
        }
        return inner.settle(settlements);
      },
    };
  }),
  brokenSettlements(8, "a retry that does not count is a failure", (settlement) =>
    settlement.outcome === "retry" ? { ...settlement, counts: true } : settlement,
  ),
  brokenDeliveries(8, "only four failures are remembered", (delivery) => ({
    ...delivery,
    errors: delivery.errors.slice(-4),
  })),
  brokenDeliveries(9, "no job is ever a suspect", (delivery) => ({ ...delivery, suspect: false })),
  brokenDeliveries(9, "no delivery is ever exhausted", (delivery) => ({ ...delivery, exhausted: false })),
  broken(9, "a suspect is handed out among others", (inner) => ({
    async dequeue(request) {
      const deliveries = await inner.dequeue(request);
      const [only] = deliveries;
      if (deliveries.length !== 1 || only?.suspect !== true || request.max === 1) return deliveries;
      return [only, ...(await inner.dequeue({ ...request, max: request.max - 1, waitMs: 0 }))];
    },
  })),
];
