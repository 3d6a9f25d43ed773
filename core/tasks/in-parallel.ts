/**
 * Works on items in order, at most `limit` at once. The first failure aborts the signal of the
 * others. Throws that failure once all have ended, because the others stopped only because of it.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const worker = async (): Promise<void> => {
    try {
      while (queue.length > 0) await work(queue.shift() as T, both);
    } catch (error) {
      stop.abort(error);
      queue.length = 0;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, queue.length) }, worker));
  if (stop.signal.aborted) throw stop.signal.reason;
}
