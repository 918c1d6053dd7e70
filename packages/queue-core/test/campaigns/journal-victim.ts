import { silentLogger } from "@chimera/dlq";
import { LocalBackend } from "../../src/local/local-backend.ts";

/**
 * The process that the campaign kills: producers and consumers on one journaled queue, as fast as they can. Each answer
 * is told on standard output, one line each, only after it came: what was told must hold for the next process.
 *
 *   +id enqueued    !id handed out    -id settled done or dead    ~id retried, failures is the next word
 */
const [directory = "", durability = "os", life = "0"] = process.argv.slice(2);

const backend = new LocalBackend("victim", {
  logger: silentLogger,
  journal: { directory, durability: durability as "fsync" | "os", compactAtBytes: 65_536 },
});

// A pipe write is synchronous here: a line is out, or was never said.
const { _handle: pipe } = process.stdout as unknown as { _handle: { setBlocking(on: boolean): void } };
pipe.setBlocking(true);
const say = (lines: readonly string[]): void => {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
};

async function produce(producer: number): Promise<never> {
  for (let call = 0; ; call++) {
    const jobs = Array.from({ length: 1 + (call % 5) }, (_, job) => ({
      id: `life${life}-${producer}-${call}-${job}`,
      body: "x".repeat((call * 37) % 400),
      ...(call % 7 === 0 && { delayMs: 20 }),
    }));
    const results = await backend.enqueue(jobs);
    say(results.flatMap((result) => (result.status === "enqueued" ? `+${result.id}` : [])));
    const { depth } = await backend.metrics();
    if (depth > 500) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function consume(consumer: number): Promise<never> {
  for (let call = 0; ; call++) {
    const deliveries = await backend.dequeue({ max: 20, leaseMs: 30_000, waitMs: 50 });
    say(deliveries.map(({ job, deliveryCount }) => `!${job.id} ${deliveryCount}`));
    const settlements = deliveries.map(({ receipt, job }, index) => {
      const turn = (index + call + consumer) % 10;
      if (turn < 6) return { receipt, outcome: "done" as const, id: job.id };
      if (turn === 6) return { receipt, outcome: "dead" as const, id: job.id };
      if (turn === 7) return { receipt, outcome: "release" as const, id: job.id };
      return { receipt, outcome: "retry" as const, delayMs: turn === 8 ? 0 : 10, error: "again", id: job.id };
    });
    const results = await backend.settle(settlements);
    say(
      settlements.flatMap(({ outcome, id }, index) => {
        if (results[index] !== "ok" || outcome === "release") return [];
        return outcome === "retry" ? `~${id}` : `-${id}`;
      }),
    );
  }
}

say(["opening"]);
await backend.ping();
say(["open"]);
await Promise.all([produce(0), produce(1), produce(2), consume(0), consume(1)]);
