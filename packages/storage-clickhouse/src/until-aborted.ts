/** The promise's result, or the signal's reason when that comes first. What the promise stands for goes on. */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return promise;
  // Once aborted nobody looks at it any more: that it rejects then must not end the process.
  promise.catch(() => {});
  signal.throwIfAborted();
  return new Promise<Result>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    const settled = (): void => signal.removeEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(settled);
  });
}
