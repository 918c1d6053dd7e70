import type { Clock } from "@chimera/dlq";
import { errorCode } from "@chimera/dlq";
import pg from "pg";
import type { Credentials } from "./credentials.ts";
import { Failure } from "./failure.ts";
import type { Interruption, Limits } from "./failure.ts";
import type { ResolvedOptions } from "./options.ts";
import { classifyFailure } from "./sqlstate.ts";

/** Milliseconds of silence before the kernel asks whether the peer is still there. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** Makes connections to one server. */
export class Connector {
  readonly #options: ResolvedOptions;
  readonly #credentials: Credentials;
  readonly #clock: Clock;

  constructor(options: ResolvedOptions, credentials: Credentials) {
    this.#options = options;
    this.#credentials = credentials;
    this.#clock = options.clock;
  }

  /**
   * Connects within `connectTimeoutMs` and the limits, the answer of a password function included.
   *
   * @param end - gives up at once when it aborts, whoever waits.
   * @throws Failure `never-sent` or `permanent`.
   */
  async connect(limits: Limits, end: AbortSignal): Promise<pg.Client> {
    limits.signal?.throwIfAborted();
    let driver: pg.Client | undefined;
    let interruption: Interruption | undefined;
    const ending = new AbortController();
    const gaveUp = new Promise<never>((_resolve, reject) => {
      ending.signal.addEventListener("abort", () => reject(ending.signal.reason as Error));
    });
    const giveUp = (reason: Interruption | undefined, message: string): void => {
      interruption = reason;
      driver?.connection.stream.destroy();
      ending.abort(new Error(message));
    };
    const onAbort = (): void => giveUp("abort", "connecting was aborted");
    const onEnd = (): void => giveUp(undefined, "the adapter was closed");
    const { connectTimeoutMs } = this.#options;
    const untilDeadlineMs = limits.deadlineAt - this.#clock.monotonic();
    const timer = this.#clock.schedule(
      () =>
        giveUp(undefined, `no session within ${Math.round(Math.min(connectTimeoutMs, untilDeadlineMs))} ms`),
      Math.min(connectTimeoutMs, untilDeadlineMs),
    );
    limits.signal?.addEventListener("abort", onAbort, { once: true });
    end.addEventListener("abort", onEnd, { once: true });
    try {
      const password = await Promise.race([this.#password(), gaveUp]);
      driver = this.#driver(password);
      const connecting = driver.connect();
      connecting.catch(() => {});
      await Promise.race([connecting, gaveUp]);
      return driver;
    } catch (error) {
      driver?.connection.stream.destroy();
      if (error instanceof Failure) throw error;
      throw new Failure(classifyFailure(error, "reaching", true), error, interruption);
    } finally {
      timer.cancel();
      limits.signal?.removeEventListener("abort", onAbort);
      end.removeEventListener("abort", onEnd);
    }
  }

  async #password(): Promise<string> {
    try {
      return await this.#credentials.password();
    } catch (error) {
      const code = errorCode(error);
      // Not quoted: it may hold the very secret that it failed to hand over.
      const told = Object.assign(
        new Error("The password function failed"),
        code === undefined ? {} : { code },
      );
      // A store of secrets that does not answer is a failure of the surroundings; one that answers nonsense is not.
      throw new Failure(error instanceof TypeError && code === undefined ? "permanent" : "never-sent", told);
    }
  }

  #driver(password: string): pg.Client {
    const { host, port, user, database, tls, applicationName, statementTimeoutMs } = this.#options;
    const driver = new pg.Client({
      host,
      port,
      user,
      database,
      // As a function: an empty text would make the driver look into PGPASSWORD and ~/.pgpass.
      password: () => password,
      // A copy: the driver changes the object.
      ssl: typeof tls === "object" ? { ...tls } : tls,
      application_name: applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      ...(statementTimeoutMs > 0 && { statement_timeout: statementTimeoutMs }),
    });
    // From the first moment on: an error without a listener would end the process.
    driver.on("error", () => {});
    return driver;
  }
}
