import { backoffDelayMs, sleep, type Clock } from "@chimera/dlq";
import type { Script } from "./scripts/script.ts";
import { classifyFailure } from "./server-errors.ts";
import type { ServerLink } from "./server-link.ts";

/** How often a call that the server said it did not execute is sent again. */
const BACKOFF = { baseDelayMs: 20, factor: 2, maxDelayMs: 500 } as const;

export interface ScriptRunnerOptions {
  readonly link: ServerLink;
  /** The keys by the names that scripts know them under, all in one slot. */
  readonly keys: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Milliseconds after which a call that is never executed is given up. */
  readonly commandTimeoutMs: number;
  readonly random?: () => number;
}

/** The arguments of a call, or what makes them anew each time it is sent, so that nobody holds them while it is under way. */
export type Arguments = readonly string[] | (() => readonly string[]);

/** Runs scripts on one partition: by hash, with the source only where the server does not know it. */
export class ScriptRunner {
  readonly #options: ScriptRunnerOptions;
  readonly #calls = new Map<Script, readonly string[]>();

  constructor(options: ScriptRunnerOptions) {
    this.#options = options;
  }

  /** Every word of the call by hash, for a caller that sends it on a connection of its own. */
  command(script: Script, args: readonly string[]): string[] {
    let call = this.#calls.get(script);
    if (call === undefined) {
      const keys = script.keys.map((name) => this.#keyOf(name));
      call = ["EVALSHA", script.sha, String(keys.length), ...keys];
      this.#calls.set(script, call);
    }
    return call.concat(args);
  }

  /**
   * One round trip, unless the server says that it did nothing and to come again: then the call is repeated
   * until it was executed or `commandTimeoutMs` are over.
   *
   * @param repeatable - running it twice does no more than running it once, so a lost reply is a reason to send it again.
   * @throws the driver's error; {@link classifyFailure} says whether the call may have been executed.
   */
  async run(script: Script, args: Arguments, repeatable = false): Promise<unknown> {
    const { clock, commandTimeoutMs } = this.#options;
    let bySource = false;
    let deadline: number | undefined;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send(script, args, bySource);
      } catch (error) {
        const failure = classifyFailure(error);
        if (failure === "script") {
          bySource = true;
          continue;
        }
        deadline ??= clock.monotonic() + commandTimeoutMs;
        const again = failure === "again" || (repeatable && failure === "unknown");
        if (!again || clock.monotonic() > deadline) throw error;
        await this.pause(tries);
      }
    }
  }

  /** Waits before a call is sent again, longer from try to try. */
  async pause(tries: number): Promise<void> {
    const { clock, random } = this.#options;
    await sleep(clock, backoffDelayMs(tries, BACKOFF, random));
  }

  // oxlint-disable-next-line typescript/promise-function-async -- an async function would hold the words until the reply
  #send(script: Script, args: Arguments, bySource: boolean): Promise<unknown> {
    const command = this.command(script, typeof args === "function" ? args() : args);
    if (bySource) {
      // The source itself, not SCRIPT LOAD: it reaches the node that answers for the slot now.
      command[0] = "EVAL";
      command[1] = script.source;
    }
    return this.#options.link.send(this.#keyOf(script.keys[0] ?? ""), command);
  }

  #keyOf(name: string): string {
    const key = this.#options.keys[name];
    if (key === undefined) throw new TypeError(`No key is called ${name}`);
    return key;
  }
}
