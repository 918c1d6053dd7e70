import { invalid } from "./errors.ts";

/** Where one server is and who we are to it. */
export interface ServerAddress {
  /** Scheme, host and port alone: safe to show. */
  readonly origin: string;
  /** `host:port`, as logs, health and metrics name the server. */
  readonly label: string;
  /** A path prefix behind a proxy, or an empty string. */
  readonly pathname: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
}

/** The shape that error messages show in place of what came. */
export const URL_EXAMPLE = "http://user:password@host:8123/database";

/**
 * Takes a URL apart, so that the driver never sees one with a password in it: its own errors about a malformed
 * URL, and `inspect` of its client, show it.
 *
 * @throws ClickHouseStorageError `CLICKHOUSE_INVALID`; the message shows an example and nothing of `text`.
 */
export function parseServerUrl(text: string, option = "url"): ServerAddress {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  const expected = `Expected \`${option}\` to be a URL like ${URL_EXAMPLE}`;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw invalid("Bad ClickHouse URL", [expected]);
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalid("Bad ClickHouse URL", [`${expected}, without a query: pass settings as \`settings\``]);
  }
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const database = segments.pop();
  const username = decoded(url.username, expected);
  const password = decoded(url.password, expected);
  return {
    origin: url.origin,
    label: url.host,
    pathname: segments.map((segment) => `/${segment}`).join(""),
    username: username === "" ? undefined : username,
    password: password === "" ? undefined : password,
    database: database === undefined ? undefined : decoded(database, expected),
  };
}

/** Every form in which a password can turn up in a text: plain, and as part of a Basic authorization header. */
export function secretsOf(username: string | undefined, password: string | undefined): string[] {
  if (password === undefined || password === "") return [];
  const pair = `${username ?? "default"}:${password}`;
  return [password, Buffer.from(pair).toString("base64")];
}

function decoded(part: string, expected: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("Bad ClickHouse URL", [`${expected}, with \`%\` in user or password written as %25`]);
  }
}
