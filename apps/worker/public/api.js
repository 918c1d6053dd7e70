/** What the service refused, or could not do. */
export class ApiError extends Error {
  /**
   * @param {number} status - of HTTP; 0 when there was no answer
   * @param {{ error?: string, code?: string }} body
   */
  constructor(status, { error = `The service answered ${status}`, code = "" }) {
    super(error);
    this.status = status;
    this.code = code;
  }
}

/** Lives in this page's memory only: reloading forgets it. */
let token = "";

/** @param {string} given */
export function setToken(given) {
  token = given;
}

/** Whether there is one; it may still be wrong. */
export function hasToken() {
  return token !== "";
}

/**
 * @param {string} path - after `api/`
 * @param {Record<string, string>} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<unknown>} the answer's JSON
 * @throws {ApiError}
 */
export async function read(path, query = {}, signal) {
  const search = new URLSearchParams(query).toString();
  return ask(`api/${path}${search === "" ? "" : `?${search}`}`, {
    ...(hasToken() && { headers: { authorization: `Bearer ${token}` } }),
    ...(signal && { signal }),
  });
}

/**
 * Asks for something that the token is needed for.
 *
 * @param {string} action - after `api/actions/`
 * @param {object} [body]
 * @returns {Promise<unknown>} the answer's JSON
 * @throws {ApiError}
 */
export async function act(action, body) {
  return ask(`api/actions/${action}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Resolves when the token is the right one. @throws {ApiError} */
export async function checkToken() {
  await ask("api/actions", { headers: { authorization: `Bearer ${token}` } });
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<unknown>}
 */
async function ask(path, request) {
  let response;
  try {
    response = await fetch(path, { ...request, credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { error: "The service does not answer" });
  }
  const body = /** @type {unknown} */ (await response.json().catch(() => ({})));
  if (!response.ok) throw new ApiError(response.status, /** @type {{ error?: string }} */ (body));
  return body;
}
