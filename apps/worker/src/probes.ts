import { errorCode, errorMessage, redactText } from "@chimera/dlq";

import type { Service } from "./service.ts";

/** How one part answered. */
export interface Probe {
  readonly name: "queue" | "postgres" | "clickhouse" | "dead letters";
  readonly status: "pass" | "warn" | "fail";
  readonly latencyMs: number;
  /** One sentence, without secrets, when it is not `pass`. */
  readonly output?: string;
}

/** Shorter than the patience of whoever asks. */
const DEADLINE_MS = 2_000;

/** Asks every part of the service whether it serves. Questions that come while one is under way share its answers. */
export class Probes {
  readonly #service: Service;
  #underWay: Promise<readonly Probe[]> | undefined;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Never rejects; takes at most two seconds. */
  async ask(): Promise<readonly Probe[]> {
    this.#underWay ??= this.#askAll().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #askAll(): Promise<readonly Probe[]> {
    const { queue, deadLetters } = this.#service;
    return Promise.all([
      this.#queue(async () => queue.ping()),
      this.#postgres(),
      this.#clickhouse(),
      probed("dead letters", async () => deadLetters.ping()),
    ]);
  }

  async #queue(ping: () => Promise<void>): Promise<Probe> {
    const probe = await probed("queue", ping);
    const { fellBack } = this.#service.queueChoice;
    if (!fellBack || probe.status !== "pass") return probe;
    return { ...probe, status: "warn", output: "on the local queue, since Redis did not answer at start" };
  }

  async #postgres(): Promise<Probe> {
    const { status, latencyMs, error } = await this.#service.postgres.health({ deadlineMs: DEADLINE_MS });
    const output = error === undefined ? "the server only reads" : error.message;
    return { name: "postgres", status, latencyMs, ...(status !== "pass" && { output: redactText(output) }) };
  }

  async #clickhouse(): Promise<Probe> {
    const health = await this.#service.clickhouse.health({ deadlineMs: DEADLINE_MS });
    const { status, latencyMs, servers, alarms, warnings } = health;
    const output = [
      ...servers.flatMap(({ label, error }) => (error === undefined ? [] : [`${label}: ${error.message}`])),
      ...alarms.map(({ message }) => message),
      ...warnings,
    ].join("; ");
    return {
      name: "clickhouse",
      status,
      latencyMs,
      ...(status !== "pass" && { output: redactText(output) }),
    };
  }
}

async function probed(name: Probe["name"], ask: () => Promise<void>): Promise<Probe> {
  const startedAt = performance.now();
  const latencyMs = (): number => Math.round((performance.now() - startedAt) * 1_000) / 1_000;
  try {
    await withinDeadline(ask());
    return { name, status: "pass", latencyMs: latencyMs() };
  } catch (error) {
    const code = errorCode(error);
    const output = redactText(`${errorMessage(error)}${code === undefined ? "" : ` (${code})`}`);
    return { name, status: "fail", latencyMs: latencyMs(), output };
  }
}

async function withinDeadline(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
