import type { ConnectionOptions as TlsOptions } from "node:tls";

/** The parts of a connection that a URL can name. */
export interface ConnectionParts {
  host?: string;
  port?: number;
  user?: string;
  password?: string;
  database?: string;
  tls?: boolean | TlsOptions;
  applicationName?: string;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
}

/** What a URL's `sslmode` may be. `prefer` and `allow` are refused: they fall back to plain text in silence. */
export const TLS_MODES = ["disable", "require", "verify-ca", "verify-full", "no-verify"] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** The shape that messages show. */
const URL_EXAMPLE = "postgres://user@host:5432/database";

const PARAMETERS = ["sslmode", "application_name", "connect_timeout", "statement_timeout", "host"] as const;

/** TLS as a mode means it. All but `no-verify` check the certificate and the name, which is stricter than libpq's `require`. */
export function tlsOfMode(mode: TlsMode): boolean | TlsOptions {
  if (mode === "disable") return false;
  return mode === "no-verify" ? { rejectUnauthorized: false } : true;
}

/**
 * Takes a URL apart, or answers in a sentence that quotes none of it what is wrong.
 *
 * A reserved character in a password that is not percent-encoded moves what follows it into the host, the port,
 * the path or the query, from where it would reach error messages: such URLs are refused.
 */
export function parseConnectionUrl(url: string): ConnectionParts | string {
  if (!URL.canParse(url)) return `a URL like ${URL_EXAMPLE}, reserved characters percent-encoded`;
  const parsed = new URL(url);
  if (!/^postgres(?:ql)?:$/.test(parsed.protocol)) return `a URL like ${URL_EXAMPLE}`;
  const behindHost = parsed.pathname.slice(1) + parsed.search + parsed.hash;
  if (/[@#]/.test(behindHost) || parsed.pathname.slice(1).includes("/"))
    return "a URL whose user, password and database are percent-encoded (`@ : / ? #` as %40 %3A %2F %3F %23)";
  try {
    return readParts(parsed);
  } catch (error) {
    if (error instanceof URIError) return "a URL whose `%` signs are percent-encoded (%25)";
    throw error;
  }
}

function readParts(url: URL): ConnectionParts | string {
  const database = decodeURIComponent(url.pathname.slice(1));
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const parts: ConnectionParts = {
    ...(host !== "" && { host }),
    ...(url.port !== "" && { port: Number(url.port) }),
    ...(url.username !== "" && { user: decodeURIComponent(url.username) }),
    ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
    ...(database !== "" && { database }),
  };
  for (const [name, value] of url.searchParams) {
    const issue = readParameter(parts, name, value);
    if (issue !== undefined) return issue;
  }
  return parts;
}

function readParameter(parts: ConnectionParts, name: string, value: string): string | undefined {
  switch (name) {
    case "sslmode": {
      const mode = TLS_MODES.find((known) => known === value);
      if (mode === undefined) return `a URL whose sslmode is one of ${TLS_MODES.join(", ")}`;
      parts.tls = tlsOfMode(mode);
      return undefined;
    }
    case "application_name":
      parts.applicationName = value;
      return undefined;
    case "connect_timeout":
      if (!/^[1-9]\d{0,4}$/.test(value)) return "a URL whose connect_timeout is whole seconds";
      parts.connectTimeoutMs = Number(value) * 1_000;
      return undefined;
    case "statement_timeout":
      if (!/^\d{1,9}$/.test(value)) return "a URL whose statement_timeout is whole milliseconds";
      parts.statementTimeoutMs = Number(value);
      return undefined;
    case "host":
      parts.host = value;
      return undefined;
    default:
      return `a URL with no other parameters than ${PARAMETERS.join(", ")}`;
  }
}
