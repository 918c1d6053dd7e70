import { randomUUID } from "node:crypto";
import { silentLogger } from "@chimera/dlq";
import type { EnqueueResult, NewJob, QueueBackend } from "@chimera/queue-core";
import type { ConformanceFixture } from "@chimera/queue-core/conformance";
import type { TestService } from "@chimera/test-services";
import { createClient } from "redis";
import {
  RedisBackend,
  RedisConnection,
  type RedisBackendOptions,
  type RedisConnectionOptions,
} from "../../src/index.ts";
import { partitionKeys } from "../../src/keys.ts";
import { checkLayout, type LayoutCheck } from "./layout-check.ts";

/** What a suite says of the way it runs the kit. */
export interface RedisFixtureOptions extends Pick<RedisBackendOptions, "partitions"> {
  readonly connection: RedisConnectionOptions;
  /** The server, where it can be killed. */
  readonly server?: TestService;
  /** Time stands until the kit moves it. */
  readonly still?: boolean;
  /** Calls every id fresh that was not seen before, so that the kit sees jobs that travel whole. */
  readonly fresh?: boolean;
}

/** As if each id were made by a queue. */
class FreshBackend extends RedisBackend {
  readonly #seen = new Set<string>();

  override async enqueue(jobs: readonly NewJob[]): Promise<EnqueueResult[]> {
    return super.enqueue(
      jobs.map((job) => {
        const fresh = !this.#seen.has(job.id);
        this.#seen.add(job.id);
        return { ...job, fresh };
      }),
    );
  }
}

/** One queue of the kit: where it is and how it was opened. */
interface Opened {
  readonly name: string;
  readonly options: RedisBackendOptions;
}

/** A backend's queue, and the connection that it has to itself. */
interface Connected extends Opened {
  readonly connection: RedisConnection;
}

/** Where a clock that stands begins: far enough back that nothing on the server's own clock is older. */
const STILL_START_MS = 1_700_000_000_000;

/** A fixture of the conformance kit over a real server, and what closes everything it opened. */
export class RedisFixture implements ConformanceFixture {
  readonly clockStandsStill: boolean;
  readonly killConnection?: (backend: QueueBackend) => Promise<void>;
  readonly restartServer?: (backend: QueueBackend) => Promise<QueueBackend>;
  readonly #options: RedisFixtureOptions;
  readonly #opened = new Map<QueueBackend, Connected>();
  readonly #admin: RedisConnection;
  #current: Opened | undefined;
  #offsetMs = 0;

  constructor(options: RedisFixtureOptions) {
    this.#options = options;
    this.clockStandsStill = options.still ?? false;
    this.#admin = this.#connect();
    const { server } = options;
    if (server !== undefined) this.killConnection = async () => killConnections(server);
    if (server?.owned) this.restartServer = async (backend) => this.#restart(server, backend);
  }

  async createBackend(options: { readonly maxDepth?: number } = {}): Promise<RedisBackend> {
    const { partitions } = this.#options;
    const opened = {
      name: `kit-${randomUUID()}`,
      options: { ...options, ...(partitions !== undefined && { partitions }) },
    };
    this.#current = opened;
    this.#offsetMs = 0;
    if (this.clockStandsStill) await this.#writeClock();
    return this.#open(opened);
  }

  async createPeer(backend: QueueBackend): Promise<RedisBackend> {
    const opened = this.#opened.get(backend);
    if (opened === undefined) throw new Error("the kit asked for a peer of a backend that it was not given");
    return this.#open(opened);
  }

  async advanceClock(durationMs: number): Promise<void> {
    this.#offsetMs += durationMs;
    await this.#writeClock();
  }

  /** What the scripts keep of the latest queue, partition by partition, and what is there. */
  async layout(): Promise<readonly LayoutCheck[]> {
    const { name, options } = this.#current ?? { name: "", options: {} };
    const partitions = Array.from({ length: options.partitions ?? 1 }, (_, index) => index);
    return Promise.all(partitions.map(async (partition) => checkLayout(this.#admin, name, partition)));
  }

  /** Closes one backend and its connection: a server has room for 10 000. */
  async discard(backend: QueueBackend): Promise<void> {
    await backend.close({ deadlineMs: 1_000 });
    this.#opened.get(backend)?.connection.close();
    this.#opened.delete(backend);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.keys()].map(async (backend) => this.discard(backend)));
    this.#admin.close();
  }

  #open(opened: Opened): RedisBackend {
    const Backend = this.#options.fresh === true ? FreshBackend : RedisBackend;
    const connection = this.#connect();
    const backend = new Backend(opened.name, connection, opened.options);
    this.#opened.set(backend, { ...opened, connection });
    return backend;
  }

  #connect(): RedisConnection {
    return new RedisConnection({ logger: silentLogger, ...this.#options.connection });
  }

  async #writeClock(): Promise<void> {
    const { name, options } = this.#current ?? { name: "", options: {} };
    const offset = this.clockStandsStill ? `=${STILL_START_MS + this.#offsetMs}` : String(this.#offsetMs);
    for (let partition = 0; partition < (options.partitions ?? 1); partition++) {
      const keys = partitionKeys(this.#admin.settings.prefix, name, partition);
      await this.#send(keys.meta, ["HSET", keys.meta, "offset", offset]);
      // Whoever waits looks at the time again.
      await this.#send(keys.wake, ["RPUSH", keys.wake, "1", "1", "1", "1"]);
      await this.#send(keys.wake, ["PUBLISH", keys.wake, "1"]);
    }
  }

  /** The kit cuts this connection too; each command here does no harm when it runs twice. */
  async #send(key: string, args: readonly string[]): Promise<void> {
    const { commands } = this.#admin;
    await commands.send(key, args).catch(async () => commands.send(key, args));
  }

  async #restart(server: TestService, backend: QueueBackend): Promise<QueueBackend> {
    await server.kill9();
    await server.restart();
    return backend;
  }
}

/** Ends every connection to the server but the one that asks. */
async function killConnections(server: TestService): Promise<void> {
  const client = createClient({ url: server.url });
  client.on("error", () => {});
  await client.connect();
  await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  client.destroy();
}
