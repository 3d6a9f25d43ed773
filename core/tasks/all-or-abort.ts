import { setMaxListeners } from "node:events";

/**
 * Starts promises that belong together and returns all their values. A failure aborts the signal of
 * the others, and is thrown once all have ended. Note that we do not use `Promise.all`, because it
 * does not wait for the others. These would go on with files, threads and connections that the
 * catcher of the error closes.
 */
export async function allOrAbort<T extends readonly unknown[]>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  // Each of the promises adds a listener. Many listeners are no leak here.
  setMaxListeners(0, both);
  const promises: readonly Promise<unknown>[] = start(both);
  const values = await Promise.allSettled(
    promises.map((promise) =>
      promise.catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  if (stop.signal.aborted) throw stop.signal.reason;
  return values.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
