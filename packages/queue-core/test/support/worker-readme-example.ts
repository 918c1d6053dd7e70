import { z } from "zod";
import { LocalQueue } from "@chimera/queue-core";

const email = z.object({ to: z.email(), subject: z.string() });

const queue = new LocalQueue("emails", {
  schema: email,
  journal: { directory: "emails.journal", durability: "fsync" },
});

const worker = queue.process(
  async ({ to, subject }, job) => {
    console.log(`${to}: ${subject} (delivery ${job.deliveryCount})`);
  },
  { concurrency: 20, timeoutMs: 10_000, retry: { maxAttempts: 3 } },
);

await queue.enqueue({ to: "ada@example.org", subject: "Hello" }, { dedupKey: "welcome:ada" });
await worker.idle();
await queue.close();
