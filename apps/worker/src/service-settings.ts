import { once } from "node:events";
import { createServer } from "node:net";

import { errorCode } from "@chimera/dlq";
import type { Environment, EnvironmentReader } from "@chimera/dlq";

import { LOG_LEVELS } from "./pino-logger.ts";
import type { LogLevel } from "./pino-logger.ts";
import type { SettingsCheck } from "./settings-check.ts";

/** What the environment says of the process itself; its parts read their own. */
export interface ServiceSettings {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  /** Milliseconds that running jobs have to end after SIGTERM. */
  readonly shutdownMs: number;
  readonly logLevel: LogLevel;
  /** What whoever changes something in the cockpit has to know; without it nobody can. */
  readonly adminToken: string | undefined;
}

/** Short ones are guessed; no header carries blanks. */
const ADMIN_TOKEN = /^[\x21-\x7e]{16,512}$/;

/** Reads them; what is wrong is noted, and its default stands in. */
export function readServiceSettings(environment: Environment, check: SettingsCheck): ServiceSettings {
  return check.read(environment, (reader) => ({
    adminToken: readAdminToken(reader),
    host: reader.text("CHIMERA_HTTP_HOST") ?? "127.0.0.1",
    port: reader.integer("CHIMERA_HTTP_PORT", { min: 0, max: 65_535 }) ?? 8_080,
    maxBodyBytes:
      reader.integer("CHIMERA_HTTP_MAX_BODY_BYTES", { min: 1_024, max: 134_217_728 }) ?? 1_048_576,
    shutdownMs: reader.integer("CHIMERA_SHUTDOWN_MS", { min: 100, max: 3_600_000 }) ?? 10_000,
    logLevel: reader.choice("CHIMERA_LOG_LEVEL", LOG_LEVELS) ?? "info",
  }));
}

function readAdminToken(reader: EnvironmentReader): string | undefined {
  const token = reader.text("CHIMERA_ADMIN_TOKEN");
  if (token === undefined || ADMIN_TOKEN.test(token)) return token;
  return reader.reject("CHIMERA_ADMIN_TOKEN", "16 to 512 characters of ASCII without blanks");
}

/** Notes an address that cannot be listened on, so that it is told together with all else that is wrong. */
export async function checkAddress({ host, port }: ServiceSettings, check: SettingsCheck): Promise<void> {
  const probe = createServer();
  probe.listen(port, host);
  try {
    await once(probe, "listening");
    probe.close();
    await once(probe, "close");
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (/^(?:EADDRINUSE|EACCES)$/.test(code))
      check.reject("CHIMERA_HTTP_PORT", `a port that is free (${code})`);
    else check.reject("CHIMERA_HTTP_HOST", `a name or address of this machine (${code})`);
  }
}
