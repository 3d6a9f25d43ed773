import type { LayerRecord } from "../../cache/contract/layers.js";
import { isUnwritable } from "../../cache/errors.js";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { LayerTasks } from "../../oci/layer/model/tasks.js";
import { removeOrphans, startStoreWorker } from "../session/store-worker.js";

/**
 * Compares every unpacked layer with its table of contents, if any, and drops those that differ.
 * Returns the findings as sentences. Compares nothing without a worker, and ends where a layer
 * cannot be leased: a store on a full disk, or one that is read-only, takes no note of it.
 */
export async function verifySnapshots(store: Store): Promise<readonly string[]> {
  const records = [...store.layers.list()].filter((record): record is Comparable => record.unpacked && record.diffId !== undefined);
  if (records.length === 0) return [];
  let worker: StoreWorker;
  try {
    worker = await startStoreWorker(store);
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return [];
  }
  const closing = { [Symbol.asyncDispose]: () => worker.close() };
  return await withResource(closing, async () => {
    const found: string[] = [];
    try {
      for (const record of records) {
        const problem = await problemOf(record, store, worker);
        if (problem !== undefined) found.push(problem);
      }
      await removeOrphans(worker, store);
    } catch (error) {
      if (!isUnwritable(error)) throw error;
    }
    return found;
  });
}

/**
 * Compares one layer, which is leased meanwhile. Another process may have removed it before, or may
 * remove its snapshot to make it again.
 */
async function problemOf({ id, diffId, origin }: Comparable, store: Store, worker: StoreWorker): Promise<string | undefined> {
  const lease = store.leases.hold("layer", [id]);
  try {
    const toc = lease.held.length === 0 ? undefined : store.layers.toc(diffId);
    if (!toc) return undefined;
    const params: Parameters<LayerTasks["check"]>[0] = { directory: store.layers.snapshotPath(id), toc, complete: origin !== undefined };
    const [first, ...others] = await worker.task<readonly string[]>("check", params, { signal: new AbortController().signal });
    if (first === undefined || store.layers.get(id)?.unpacked !== true) return undefined;
    store.layers.dropSnapshot(id);
    const more = others.length === 0 ? "" : `, and ${others.length} more`;
    return `snapshot of layer ${id} is not what its table of contents says: ${first}${more}. It was removed, and is made again`;
  } finally {
    lease.release();
  }
}

type StoreWorker = Awaited<ReturnType<typeof startStoreWorker>>;
type Comparable = LayerRecord & { readonly diffId: Digest };
