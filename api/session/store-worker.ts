import { join } from "node:path";
import type { Store } from "../../cache/store.js";
import { type AnyCode, TsbuildError } from "../../core/errors.js";
import { packageRoot } from "../../core/package-root.js";
import type { Worker } from "../../executor-native/contract.js";
import { tierOf } from "./process-store.js";

/**
 * Starts a worker for a store. Before that, removes the directories that crashed builds left and
 * that garbage collection could not remove.
 */
export async function startStoreWorker(store: Store, isolation?: string): Promise<Worker> {
  const { startWorker } = await import("../../executor-native/start-worker.js");
  const { tier, copies } = tierOf(store.root, isolation);
  const options = {
    entry: join(packageRoot(), "dist", "worker.cjs"),
    stateDirectory: store.temporaryDirectory(),
    tier,
    ...(copies !== undefined && { copiesRoots: true }),
  };
  const worker = await startWorker(options).catch((error: unknown) => {
    throw error instanceof TsbuildError ? pointToDoctor(error) : error;
  });
  await removeOrphans(worker, store);
  return worker;
}

/** Adds a hint to the doctor: the error names only the first fault. */
function pointToDoctor(error: TsbuildError): TsbuildError {
  const doctor = "tsbuild doctor shows all that this machine has and lacks";
  return new TsbuildError(error.code as AnyCode, error.message, {
    hint: error.hint === undefined ? doctor : `${error.hint}. ${doctor}`,
    cause: error,
  });
}

/**
 * Removes trees that only the worker can. A failure leaves them for another time, and is no reason
 * for a build to fail.
 */
export async function removeOrphans(worker: Worker, store: Store): Promise<void> {
  try {
    await store.removeOrphans((paths) => worker.remove(paths));
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
  }
}

/**
 * Syncs snapshots of earlier builds to the disk, while this build goes on. If the build ends first,
 * the next one does it. Note that snapshots of the last minute are left alone, because the kernel
 * writes most of them by itself in that time. So builds that follow each other wait for no disk.
 */
export async function syncSnapshots(worker: Worker, store: Store): Promise<void> {
  try {
    const ids = store.layers.unsynced(SYNC_AFTER);
    if (ids.length > 0 && (await worker.task<boolean>("sync", { directory: store.root }))) store.layers.trust(ids);
  } catch {
    // The worker was closed, or the store is read-only.
  }
}

/** Milliseconds after which snapshots are synced. */
const SYNC_AFTER = 60_000;

/** Removes orphans with a worker of its own, when there are any. */
export async function removeOrphansNow(store: Store): Promise<void> {
  if (store.orphans().length > 0) await (await startStoreWorker(store)).close();
}
