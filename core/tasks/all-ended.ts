/**
 * Returns the values of promises once all have ended. Throws the first failure in their order. Note
 * that we do not use `Promise.all`, because work that goes on behind a failure would use files and
 * connections that the catcher of the error closes.
 */
export async function allEnded<T extends readonly Promise<unknown>[]>(promises: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const outcomes = await Promise.allSettled(promises);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as { [K in keyof T]: Awaited<T[K]> };
}
