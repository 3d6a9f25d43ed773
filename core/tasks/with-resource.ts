/**
 * Runs `body` with a resource and disposes of it, however `body` ends. When both fail, the error of `body` is thrown: it is the cause, and often of the other failure
 * too. Note that `using` throws a SuppressedError then, whose message says nothing of either.
 */
export async function withResource<R extends AsyncDisposable | Disposable, T>(resource: R, body: (resource: R) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await body(resource);
  } catch (error) {
    try {
      await dispose(resource);
    } catch {
      // What is left is for the next start to clean up.
    }
    throw error;
  }
  await dispose(resource);
  return result;
}

async function dispose(resource: AsyncDisposable | Disposable): Promise<void> {
  if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
  else resource[Symbol.dispose]();
}
