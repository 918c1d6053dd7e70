/** Where a server is, by its URL. */
export interface ServerPlace {
  readonly socket:
    | { readonly host: string; readonly port: number }
    | { readonly path: string; readonly tls: false };
  readonly database?: number;
}

/** A URL taken apart. */
export interface ServerUrl extends ServerPlace {
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

const SHAPE = /^(?:rediss?:\/\/|unix:\/\/(?:[^/@]*@)?\/[^/?#])/i;
const EXPECTED_SHAPE =
  "a URL like redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0, with a port from 1 to 65535";
const EXPECTED_DATABASE = "a URL like redis://host:6379/0, with the number of a database at its end";
const EXPECTED_ESCAPES =
  "a URL with `%` only before two hexadecimal digits of UTF-8; a percent sign itself is `%25`";

/**
 * Takes a URL apart: `redis://user:password@host:port/database`, the same with `rediss:`, or
 * `unix://user:password@/path?db=database`.
 *
 * @returns in place of a URL that is none, what was expected: never a word of it, since it may hold a password.
 */
export function readServerUrl(text: string): ServerUrl | string {
  // Where there is no host, URL takes no user.
  const spelled = text.replace(/^(unix:\/\/[^/@]*@)\//i, "$1-/");
  if (!SHAPE.test(text) || !URL.canParse(spelled)) return EXPECTED_SHAPE;
  const url = new URL(spelled);
  if (url.port === "0") return EXPECTED_SHAPE;
  const local = url.protocol === "unix:";
  const database = local ? (url.searchParams.get("db") ?? "") : url.pathname.slice(1);
  if (!/^\d{0,9}$/.test(database)) return EXPECTED_DATABASE;
  try {
    return {
      ...(url.username !== "" && { username: decodeURIComponent(url.username) }),
      ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
      ...(database !== "" && { database: Number(database) }),
      tls: url.protocol === "rediss:",
      socket: local
        ? { path: decodeURIComponent(url.pathname), tls: false }
        : { host: url.hostname.replaceAll(/[[\]]/g, "") || "localhost", port: Number(url.port || 6379) },
    };
  } catch {
    return EXPECTED_ESCAPES;
  }
}
