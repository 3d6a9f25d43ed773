import { waitsOf } from "../../net/limits.js";
import type { CacheTarget, OutgoingBlob } from "./backend.js";
import type { TransferContent } from "./content.js";

/** Blobs that are sent at once. */
const PARALLEL = 4;

export interface SendOptions {
  readonly signal: AbortSignal;
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
}

/**
 * Writes a cache: its blobs, each once and several at a time, then the document that makes it
 * visible. The first failure stops the others.
 */
export async function sendCache(
  target: CacheTarget,
  content: TransferContent,
  blobs: readonly OutgoingBlob[],
  options: SendOptions,
): Promise<void> {
  const queue = [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()];
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const onWait = waitsOf(options);
  const worker = async (): Promise<void> => {
    for (let blob = queue.shift(); blob; blob = queue.shift()) {
      const { digest, size } = blob.descriptor;
      const item = `writing layer ${digest}`;
      options.progress(item, 0, size, false);
      await target.put(blob, { signal, onWait, onProgress: (bytes) => options.progress(item, bytes, size, false) });
      options.progress(item, size, size, true);
    }
  };
  const workers = Array.from({ length: PARALLEL }, () =>
    worker().catch((error: unknown) => {
      queue.length = 0;
      failed.abort(error);
      throw error;
    }),
  );
  // All have ended before the first failure is thrown: nothing goes on behind it.
  await Promise.allSettled(workers);
  if (failed.signal.aborted) throw failed.signal.reason;
  options.progress("writing cache manifest", 0, undefined, false);
  await target.finish(content, { signal: options.signal, onWait });
  options.progress("writing cache manifest", 0, undefined, true);
}
