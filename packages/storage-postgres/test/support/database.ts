import { silentLogger } from "@chimera/dlq";
import type { TestService } from "@chimera/test-services";
import { startPostgres } from "@chimera/test-services";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { PostgresAdapterOptions } from "../../src/index.ts";
import { PostgresAdapter } from "../../src/index.ts";

/** A server for one file of tests, and adapters that are closed after each test. */
export interface TestDatabase {
  readonly server: TestService;
  /** An adapter to the server, silent unless a logger is given. */
  open(options?: PostgresAdapterOptions): PostgresAdapter;
  /** One for looking in from outside: never under the fault that a test makes. */
  readonly observer: PostgresAdapter;
}

/** Registers the hooks of a file; call it once at its top. */
export function useDatabase(options: Parameters<typeof startPostgres>[0] = {}): TestDatabase {
  let server: TestService | undefined;
  let observer: PostgresAdapter | undefined;
  const opened: PostgresAdapter[] = [];
  beforeAll(async () => {
    server = await startPostgres(options);
    observer = new PostgresAdapter({ url: server.url, poolSize: 2, logger: silentLogger });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (adapter) => adapter.close({ deadlineMs: 100 })));
  });
  afterAll(async () => {
    await observer?.close({ deadlineMs: 100 });
    await server?.stop();
  });
  return {
    get server() {
      return running(server);
    },
    get observer() {
      return running(observer);
    },
    open(given = {}) {
      const adapter = new PostgresAdapter({ url: running(server).url, logger: silentLogger, ...given });
      opened.push(adapter);
      return adapter;
    },
  };
}

function running<Service>(service: Service | undefined): Service {
  if (service === undefined) throw new Error("the server is not up yet");
  return service;
}

/** What a promise rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}
