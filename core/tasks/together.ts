import { setMaxListeners } from "node:events";

/**
 * Starts promises that belong together and gives all their values. A failure aborts the signal that the others got, and is thrown once every one has ended. Note that
 * `Promise.all` does not wait for the others, so they would go on with files, threads and connections that whoever catches the error takes away from them.
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  // Everything that works for one of them listens to it: many are no leak.
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
