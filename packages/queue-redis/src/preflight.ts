import { QueueError } from "@chimera/queue-core";
import type { ConnectionSettings } from "./connection-options.ts";
import type { ServerLink } from "./server-link.ts";
import { classifyFailure, replyWord, toQueueError } from "./server-errors.ts";

/** What the server says of itself; `unknown` where it does not allow the question. */
export interface Preflight {
  readonly version: string;
  /** `noeviction` keeps jobs; every other policy may drop them when memory is short. */
  readonly evictionPolicy: string;
  /** `none`, `rdb`, or `aof` with its fsync policy. */
  readonly persistence: string;
  /** What an operator should mend, in sentences. */
  readonly warnings: readonly string[];
}

const UNKNOWN = "unknown";

export async function inspectServer(link: ServerLink, settings: ConnectionSettings): Promise<Preflight> {
  const info = await serverInfo(link);
  const configured = await serverSettings(link);
  const version = info.get("redis_version") ?? UNKNOWN;
  const evictionPolicy = configured.get("maxmemory-policy") ?? info.get("maxmemory_policy") ?? UNKNOWN;
  const warnings: string[] = [];
  if (isOlderThan62(version)) warnings.push(`Redis ${version} is older than 6.2, which this package needs`);
  if (evictionPolicy !== "noeviction" && evictionPolicy !== UNKNOWN) {
    warnings.push(`maxmemory-policy is ${evictionPolicy}: Redis may drop jobs; set it to noeviction`);
  }
  for (const warning of warnings) settings.logger.warn("redis.preflight", { warning });
  if (settings.strict && warnings.length > 0) {
    throw new QueueError("QUEUE_INVALID", warnings.join("; "), { issues: warnings });
  }
  return { version, evictionPolicy, persistence: persistenceOf(configured), warnings };
}

async function serverInfo(link: ServerLink): Promise<ReadonlyMap<string, string>> {
  try {
    const text = (await ask(link, ["INFO"])) as string;
    const lines = text.split(/\r?\n/).map((line) => line.split(":") as [string, string]);
    return new Map(lines.filter(([, value]) => value !== undefined));
  } catch (error) {
    return orUnknown(error);
  }
}

async function serverSettings(link: ServerLink): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>();
  // One pattern a call: several need Redis 7.
  for (const name of ["maxmemory-policy", "appendonly", "appendfsync", "save"]) {
    try {
      const value = settingIn(await ask(link, ["CONFIG", "GET", name]), name);
      if (value !== undefined) settings.set(name, value);
    } catch (error) {
      return orUnknown(error);
    }
  }
  return settings;
}

/** Pairs in RESP 2, a map in RESP 3, which is what a client that was handed over speaks unless it says otherwise. */
function settingIn(reply: unknown, name: string): string | undefined {
  return Array.isArray(reply)
    ? (reply as (string | undefined)[])[1]
    : (reply as Readonly<Record<string, string>>)[name];
}

/** A question does no harm when it is asked twice, so a lost reply is a reason to ask again. */
async function ask(link: ServerLink, words: readonly string[]): Promise<unknown> {
  try {
    return await link.send("", words);
  } catch (error) {
    if (classifyFailure(error) === "refused" || replyWord(error) === "ERR") throw error;
    return link.send("", words);
  }
}

/** A server that is there and refuses the question is no trouble; one that is not there is. */
function orUnknown(error: unknown): ReadonlyMap<string, string> {
  if (error instanceof Error && /^(?:NOPERM|ERR)/.test(error.message)) return new Map();
  throw toQueueError(error, "say how it is set up");
}

function persistenceOf(settings: ReadonlyMap<string, string>): string {
  if (!settings.has("appendonly")) return UNKNOWN;
  if (settings.get("appendonly") === "yes") return `aof ${settings.get("appendfsync") ?? UNKNOWN}`;
  return settings.get("save") === "" ? "none" : "rdb";
}

function isOlderThan62(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return version !== UNKNOWN && (major < 6 || (major === 6 && minor < 2));
}
