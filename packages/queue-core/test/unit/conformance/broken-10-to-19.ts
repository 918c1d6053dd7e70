import { LocalBackend } from "../../../src/local/local-backend.ts";
import type { Delivery } from "../../../src/protocol.ts";
import {
  broken,
  changed,
  without,
  brokenAdmin,
  brokenDeliveries,
  type BrokenBackend,
} from "./broken-backend.ts";

/** A backend, or several, that breaks each of rules 10 to 19. */
export const BROKEN_10_TO_19: readonly BrokenBackend[] = [
  broken(10, "delayed jobs come a tenth early", (inner) => ({
    enqueue: async (jobs) =>
      inner.enqueue(jobs.map((job) => changed(job, { delayMs: Math.floor((job.delayMs ?? 0) * 0.9) }))),
  })),
  broken(10, "a wait does not see that a job falls due", (inner) => ({
    dequeue: async (request) => inner.dequeue({ ...request, waitMs: Math.min(request.waitMs ?? 0, 10) }),
  })),
  broken(11, "priorities are taken and passed over", (inner) => {
    const priorities = new Map<string, Delivery["job"]["priority"]>();
    return {
      async enqueue(jobs) {
        for (const { id, priority = "normal" } of jobs) priorities.set(id, priority);
        return inner.enqueue(jobs.map((job) => changed(job, { priority: "normal" })));
      },
      dequeue: async (request) =>
        (await inner.dequeue(request)).map((delivery) =>
          changed(delivery, {
            job: { ...delivery.job, priority: priorities.get(delivery.job.id) ?? "normal" },
          }),
        ),
    };
  }),
  broken(11, "batches come in reverse", (inner) => ({
    dequeue: async (request) => (await inner.dequeue(request)).toReversed(),
  })),
  broken(12, "a key's own time is passed over", (inner) => ({
    enqueue: async (jobs) => inner.enqueue(jobs.map((job) => without(job, "dedupTtlMs"))),
  })),
  broken(12, "a duplicate answers with its own id", (inner) => ({
    enqueue: async (jobs) =>
      (await inner.enqueue(jobs)).map((result, index) =>
        result.status === "duplicate" ? changed(result, { id: jobs[index]?.id ?? "" }) : result,
      ),
  })),
  brokenDeliveries(13, "fences fall", (delivery) => ({ ...delivery, fence: 1_000_000 - delivery.fence })),
  brokenDeliveries(13, "fences are the same for two deliveries", (delivery) => ({
    ...delivery,
    fence: Math.ceil(delivery.fence / 2),
  })),
  broken(14, "delayed jobs count as depth", (inner) => ({
    async metrics() {
      const metrics = await inner.metrics();
      return { ...metrics, depth: metrics.depth + metrics.delayed };
    },
  })),
  broken(14, "asking for the metrics promotes what is due", (inner) => ({
    async metrics() {
      const { paused } = await inner.metrics();
      await inner.admin.pause();
      await inner.dequeue({ max: 1, leaseMs: 100 });
      if (!paused) await inner.admin.resume();
      return inner.metrics();
    },
  })),
  broken(15, "after closing a dequeue answers []", (inner) => ({
    dequeue: async (request) => inner.dequeue(request).catch(() => []),
  })),
  broken(15, "a second close rejects", (inner) => {
    let closed = false;
    return {
      async close(options) {
        const again = closed;
        closed = true;
        await inner.close(options);
        if (again) throw new Error("closed before");
      },
    };
  }),
  brokenDeliveries(16, "NUL is lost", (delivery) => ({
    ...delivery,
    job: { ...delivery.job, body: delivery.job.body.replaceAll("\0", "") },
  })),
  brokenDeliveries(16, "text is normalised", (delivery) => ({
    ...delivery,
    job: { ...delivery.job, body: delivery.job.body.normalize("NFC") },
  })),
  {
    rule: 17,
    fault: "one job more than the limit is taken",
    create: (clock, { maxDepth }) =>
      new LocalBackend("broken", { clock, ...(maxDepth !== undefined && { maxDepth: maxDepth + 1 }) }),
  },
  broken(17, "full wins over duplicate", (inner) => {
    let full = false;
    return {
      async enqueue(jobs) {
        const results = await inner.enqueue(jobs);
        if (results.some(({ status }) => status === "full")) full = true;
        return full
          ? results.map((result) => (result.status === "duplicate" ? { status: "full" } : result))
          : results;
      },
      async dequeue(request) {
        full = false;
        return inner.dequeue(request);
      },
    };
  }),
  brokenAdmin(18, "a pause is shown and changes nothing", (_, inner) => {
    let paused = false;
    inner.metrics = async () => ({ ...(await LocalBackend.prototype.metrics.call(inner)), paused });
    return {
      pause: async () => void (paused = true),
      resume: async () => void (paused = false),
    };
  }),
  brokenAdmin(19, "a job in flight is not cancelled", (admin) => ({
    async cancel(ids) {
      const results: boolean[] = [];
      for (const id of ids) {
        const view = await admin.get(id);
        const [cancelled = false] = view?.state === "in-flight" ? [true] : await admin.cancel([id]);
        results.push(cancelled);
      }
      return results;
    },
  })),
  brokenAdmin(19, "clearing says one too many", (admin) => ({
    clear: async () => (await admin.clear()) + 1,
  })),
];
