/**
 * Runs `body` with a resource and disposes of it, however `body` ends. When both fail, throws the
 * error of `body`: it is the cause, and often the cause of the other failure too. Note that we do
 * not use `using`, because it throws a SuppressedError then, whose message describes neither.
 */
export async function withResource<R extends AsyncDisposable | Disposable, T>(resource: R, body: (resource: R) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await body(resource);
  } catch (error) {
    try {
      await dispose(resource);
    } catch {
      // The next start cleans up the rest.
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
