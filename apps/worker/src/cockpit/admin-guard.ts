import { createHash, timingSafeEqual } from "node:crypto";

/** Why somebody may not do what they asked for. */
export interface Refusal {
  readonly statusCode: 401 | 403;
  readonly code: "ACTIONS_OFF" | "TOKEN_MISSING" | "TOKEN_WRONG";
  readonly error: string;
}

const OFF: Refusal = {
  statusCode: 403,
  code: "ACTIONS_OFF",
  error:
    "The service runs without CHIMERA_ADMIN_TOKEN: actions are off, and letters are shown in full on its own machine only",
};
const MISSING: Refusal = {
  statusCode: 401,
  code: "TOKEN_MISSING",
  error: "Expected the header Authorization: Bearer <the value of CHIMERA_ADMIN_TOKEN>",
};
const WRONG: Refusal = {
  statusCode: 401,
  code: "TOKEN_WRONG",
  error: "The token is not the value of CHIMERA_ADMIN_TOKEN",
};

/**
 * Whether a request may change something; `undefined` when it may. How long the answer takes says nothing about the
 * token: digests of the same length are compared, in constant time.
 *
 * @param token - `undefined` where nobody may
 * @param authorization - the request's header
 */
export function refusalOf(token: string | undefined, authorization: string | undefined): Refusal | undefined {
  if (token === undefined) return OFF;
  const given = /^Bearer +(\S.*?) *$/i.exec(authorization ?? "")?.[1];
  if (given === undefined) return MISSING;
  return timingSafeEqual(digest(given), digest(token)) ? undefined : WRONG;
}

/** Who asks, and by what name for this machine. */
export interface Asker {
  readonly authorization: string | undefined;
  /** The address of the other end of the connection. */
  readonly ip: string;
  /** Of the header `Host`. A page from elsewhere that had its name lead to this machine does not get past it. */
  readonly hostname: string;
}

/**
 * Whether a request may see a letter in full: payloads and headers are what customers wrote. With a token whoever knows
 * it; without one whoever sits at this machine, as on the laptop of a developer. `undefined` when it may.
 */
export function readingRefusalOf(token: string | undefined, asker: Asker): Refusal | undefined {
  if (token === undefined && isLoopback(asker.ip) && isLoopback(asker.hostname)) return undefined;
  return refusalOf(token, asker.authorization);
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|(?:::ffff:)?127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
