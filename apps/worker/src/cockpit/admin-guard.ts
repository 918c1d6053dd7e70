import { createHash, timingSafeEqual } from "node:crypto";

/** Why somebody may not change anything. */
export interface Refusal {
  readonly statusCode: 401 | 403;
  readonly code: "ACTIONS_OFF" | "TOKEN_MISSING" | "TOKEN_WRONG";
  readonly error: string;
}

const OFF: Refusal = {
  statusCode: 403,
  code: "ACTIONS_OFF",
  error: "Actions are off: the service runs without CHIMERA_ADMIN_TOKEN",
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

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
