import { once } from "node:events";
import { from as copyFrom } from "pg-copy-streams";
import type { Limits } from "../failure.ts";
import type { PooledClient } from "../pooled-client.ts";

/**
 * Sends `chunks` as the input of a COPY and answers the rows stored: all of them, or none.
 *
 * @throws Failure; or what `chunks` threw, after the server has undone the COPY.
 */
export async function copyIn(
  client: PooledClient,
  text: string,
  chunks: Iterable<Buffer>,
  limits: Limits,
): Promise<number> {
  const guard = client.guard(limits);
  const copy = client.submit(copyFrom(text));
  const outcome = new Promise<void>((resolve, reject) => {
    copy.once("error", reject);
    copy.once("finish", resolve);
  });
  let failed = false;
  outcome.catch(() => (failed = true));
  let encodingError: { readonly thrown: unknown } | undefined;
  try {
    const iterator = chunks[Symbol.iterator]();
    for (;;) {
      let next: IteratorResult<Buffer>;
      try {
        next = iterator.next();
      } catch (thrown) {
        encodingError = { thrown };
        // Sends CopyFail; the server undoes what it has and says so.
        copy.destroy(new Error("a row could not be encoded"));
        break;
      }
      if (next.done === true) break;
      if (!copy.write(next.value)) await once(copy, "drain");
      // The driver lets go of its connection with the error: another write would meet nothing.
      if (failed) break;
    }
    if (!failed && encodingError === undefined) copy.end();
    await outcome;
    return copy.rowCount;
  } catch (error) {
    if (encodingError !== undefined) throw encodingError.thrown;
    throw client.failureOf(error, guard.interruption);
  } finally {
    guard.end();
  }
}
