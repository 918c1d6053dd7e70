import { randomBytes } from "node:crypto";
import { REPLY_SLOTS } from "./scripts/enqueue.lua.ts";

/** One enqueue call's name: sent again under it, the call is answered again and not done twice. */
export interface ProducerCall {
  readonly slot: number;
  readonly number: number;
}

/** Numbers the enqueue calls of this producer, at most 8 at a time, first come, first served. */
export class ProducerSlots {
  /** Random, so that no two producers share it, and a restarted one starts anew. */
  readonly producer: string;
  readonly #free: number[] = Array.from({ length: REPLY_SLOTS }, (_, slot) => REPLY_SLOTS - 1 - slot);
  readonly #queue: ((slot: number) => void)[] = [];
  #calls = 0;

  constructor(random: () => string = () => randomBytes(12).toString("base64url")) {
    this.producer = random();
  }

  /** Waits while 8 calls are under way. Each call must be ended with {@link release}. */
  async acquire(): Promise<ProducerCall> {
    const slot = this.#free.pop() ?? (await new Promise<number>((resolve) => void this.#queue.push(resolve)));
    return { slot, number: ++this.#calls };
  }

  release(call: ProducerCall): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free.push(call.slot);
    else next(call.slot);
  }
}
