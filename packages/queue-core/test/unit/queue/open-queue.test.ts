import { describe, expect, it } from "vitest";
import { silentLogger, type LogFields } from "@chimera/dlq";
import { ManualClock } from "@chimera/dlq/testing";
import { LocalBackend, openQueue, Queue, type QueueCandidate } from "../../../src/index.ts";
import { settled } from "../../support/worker-rig.ts";

/** A backend whose server can be up, down, or silent. */
class ServerBackend extends LocalBackend {
  state: "up" | "down" | "silent" = "up";
  pings = 0;

  override async ping(): Promise<void> {
    this.pings++;
    if (this.state === "down") throw new Error("ECONNREFUSED redis://:hunter2@db");
    if (this.state === "silent") await new Promise(() => {});
  }
}

function candidates(clock: ManualClock): {
  server: ServerBackend;
  both: [QueueCandidate<Queue<string>>, QueueCandidate<Queue<string>>];
  leftBehind: LocalBackend;
} {
  const server = new ServerBackend("jobs", { clock });
  const leftBehind = new LocalBackend("jobs", { clock });
  const local: QueueCandidate<Queue<string>> = {
    name: "local",
    open: () => new Queue<string>(new LocalBackend("jobs", { clock }), { clock }),
    leftover: async () => new Queue<string>(leftBehind, { clock }),
  };
  return {
    server,
    leftBehind,
    both: [{ name: "redis", open: () => new Queue<string>(server, { clock }) }, local],
  };
}

const development = { environment: {}, logger: silentLogger, random: () => 1 } as const;

describe("openQueue", () => {
  it("takes the first candidate that answers", async () => {
    const clock = new ManualClock();
    const { both } = candidates(clock);
    const opened = await openQueue("jobs", both, { ...development, clock });
    expect(opened).toMatchObject({ candidate: "redis", fellBack: false });
  });

  it.each(["down", "silent"] as const)("falls back loudly when the first is %s", async (state) => {
    const clock = new ManualClock();
    const { server, both } = candidates(clock);
    server.state = state;
    const lines: [string, LogFields | undefined][] = [];
    const note = (event: string, fields?: LogFields): void => void lines.push([event, fields]);
    const opening = openQueue("jobs", both, {
      ...development,
      clock,
      probeTimeoutMs: 500,
      logger: { ...silentLogger, warn: note, error: note },
    });
    await settled();
    await clock.advance(500);
    const opened = await opening;
    expect(opened).toMatchObject({ candidate: "local", fellBack: true });
    expect(lines.map(([event]) => event)).toEqual(["queue.candidate_unavailable", "queue.fell_back"]);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  it("says that nothing answers when nothing does", async () => {
    const clock = new ManualClock();
    const { server, both } = candidates(clock);
    server.state = "down";
    await expect(openQueue("jobs", [both[0]], { ...development, clock })).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      retryable: true,
    });
  });

  it("waits for the first in production, and never falls back", async () => {
    const clock = new ManualClock();
    const servers: ServerBackend[] = [];
    let state: ServerBackend["state"] = "down";
    const first: QueueCandidate<Queue<string>> = {
      name: "redis",
      open: () => {
        const server = new ServerBackend("jobs", { clock });
        server.state = state;
        servers.push(server);
        return new Queue<string>(server, { clock });
      },
    };
    const opening = openQueue("jobs", [first, candidates(clock).both[1]], {
      ...development,
      clock,
      environment: { NODE_ENV: "production" },
    });
    let answered = false;
    void opening.finally(() => (answered = true));
    await settled();
    await clock.advance(20_000);
    expect(answered).toBe(false);
    expect(servers.length).toBeGreaterThan(3);
    state = "up";
    await clock.advance(5_000);
    expect(await opening).toMatchObject({ candidate: "redis", fellBack: false });
  });

  it("stops waiting when it is told to", async () => {
    const clock = new ManualClock();
    const { server, both } = candidates(clock);
    server.state = "down";
    const controller = new AbortController();
    const opening = openQueue("jobs", both, {
      ...development,
      clock,
      mode: "required",
      signal: controller.signal,
    });
    await settled();
    controller.abort(new Error("the process ends"));
    await expect(opening).rejects.toThrow("the process ends");
  });

  it("brings home by their ids what a fallback left behind, delays, priorities and headers too", async () => {
    const clock = new ManualClock();
    const { server, both, leftBehind } = candidates(clock);
    await leftBehind.enqueue([
      { id: "in-flight", body: "0" },
      { id: "ready", body: "1", headers: { trace: "abc" }, priority: "high" },
      { id: "delayed", body: "2", delayMs: 60_000 },
    ]);
    await leftBehind.dequeue({ max: 1, leaseMs: 1_000 });
    // An earlier drain was cut short after the server had taken this one.
    await server.enqueue([{ id: "in-flight", body: "0" }]);
    await clock.advance(10_000);

    const opened = await openQueue("jobs", both, { ...development, clock });
    expect(opened.drained).toEqual({ moved: 2, duplicates: 1, left: 0 });
    expect(await server.metrics()).toMatchObject({ depth: 2, delayed: 1 });
    await clock.advance(49_999);
    expect(await server.metrics()).toMatchObject({ due: 0 });
    await clock.advance(1);
    expect(await server.metrics()).toMatchObject({ due: 1 });
    const view = await server.admin.get("ready");
    expect(view?.job).toMatchObject({ body: "1", headers: { trace: "abc" }, priority: "high" });
  });

  it("leaves behind what the target cannot take, and says how many", async () => {
    const clock = new ManualClock();
    const source = new LocalBackend("jobs", { clock });
    await source.enqueue(["a", "b", "c"].map((id) => ({ id, body: "" })));
    const target = new LocalBackend("jobs", { clock, maxDepth: 2 });
    const opened = await openQueue(
      "jobs",
      [
        { name: "small", open: () => new Queue<string>(target, { clock }) },
        {
          name: "local",
          open: () => new Queue<string>(source, { clock }),
          leftover: async () => new Queue<string>(source, { clock }),
        },
      ],
      { ...development, clock },
    );
    expect(opened.drained).toEqual({ moved: 2, duplicates: 0, left: 1 });
  });

  it("refuses options with every issue", async () => {
    const { both } = candidates(new ManualClock());
    await expect(
      openQueue("jobs", both, { ...development, mode: "maybe" as "auto", probeTimeoutMs: 0 }),
    ).rejects.toMatchObject({ code: "QUEUE_INVALID", issues: { length: 2 } });
  });
});
