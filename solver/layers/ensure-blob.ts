import { WaitItem } from "../../core/tasks/wait-item.js";
import type { Lock } from "../../cache/contract/locks.js";
import type { Store } from "../../cache/store.js";
import { waitsOf } from "../../net/limits.js";
import type { Descriptor } from "../../oci/types.js";
import type { FetchOptions, Reporter } from "./ports.js";

/**
 * Brings a blob into the store unless it is there: once among all processes, verified. Waits for
 * another process that fetches the same blob. Returns true when the blob was fetched here.
 * `onFile`: see {@link ../../cache/contract/blobs.ts BlobStore.ingest}.
 */
export async function ensureBlob(
  store: Store,
  blob: Descriptor,
  source: (options: FetchOptions) => AsyncIterable<Uint8Array>,
  { reporter, onFile }: { readonly reporter: Reporter; readonly onFile?: (path: string) => void },
): Promise<boolean> {
  const lock = await acquireLock(store, `blob-${blob.digest}`, "another build that fetches this layer", reporter);
  try {
    if (store.blobs.has(blob.digest)) return false;
    await store.blobs.ingest(source({ signal: reporter.signal, onWait: waitsOf(reporter) }), blob, {
      signal: reporter.signal,
      onProgress: (current) => reporter.progress(blob.digest, current, blob.size, false),
      ...(onFile === undefined ? {} : { onFile }),
    });
    reporter.progress(blob.digest, blob.size, blob.size, true);
    return true;
  } finally {
    lock.release();
  }
}

/** Acquires a lock that other builds take for the same work. Reports when it has to wait. */
export async function acquireLock(store: Store, name: string, waitingFor: string, reporter: Reporter): Promise<Lock> {
  const waiting = new WaitItem(`waiting for ${waitingFor}`, (...part) => reporter.progress(...part));
  const lock = await store.locks.acquire(name, { signal: reporter.signal, onWait: (holder) => waiting.held(holder) });
  waiting.free();
  return lock;
}
