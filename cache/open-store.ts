import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../core/digest.js";
import { systemErrorCode, TsbuildError } from "../core/errors.js";
import { BlobGraph } from "./index/blob-graph.js";
import { DEFAULT_LIMITS, IndexedBuilds } from "./builds/build-history.js";
import { CacheMounts } from "./content/cache-mounts.js";
import { Database } from "./database/database.js";
import { StoreCollector } from "./collect/gc.js";
import { IndexedImages } from "./index/image-index.js";
import { layerRow } from "./layer-id.js";
import { IndexedLayerStore } from "./content/layer-store.js";
import { StoreLeases } from "./processes/leases.js";
import { LocalBlobStore } from "./content/local-blob-store.js";
import { FileLocks, withFileLock } from "./processes/locks.js";
import { FileMemo } from "./index/memo.js";
import { Orphans } from "./processes/orphans.js";
import { Owner } from "./processes/owner.js";
import { prepareLayout, storePaths } from "./paths.js";
import { adoptTrees, cleanUpAfter, holders } from "./index/recovery.js";
import { restrictBase, makeStoreDirectory } from "./private-directory.js";
import { keepReserve } from "./collect/reserve.js";
import { IndexedResults } from "./index/result-index.js";
import { FileStatIndex } from "./index/stat-index.js";
import type { HistoryLimits } from "./contract/builds.js";
import type { LeaseKind } from "./contract/leases.js";
import type { Store } from "./store.js";
import { type SnapshotForm, SnapshotKind } from "./content/snapshot-kind.js";
import { TocStore } from "./content/toc-store.js";
import { freeBytes, StoreTotals } from "./database/totals.js";
import { Unsynced } from "./content/unsynced.js";

export interface StoreOptions {
  /**
   * Directory of the store, without the format version. The directory is made on the first write.
   * See {@link ./paths.ts} for the default.
   */
  readonly root: string;
  /** Gets a sentence when the store was repaired in a way that a user may want to know. */
  readonly onNotice?: (message: string) => void;
  /** Limits of the history of builds. */
  readonly history?: Partial<HistoryLimits>;
  /**
   * Returns the bytes that are free on the store's disk, or undefined when they are unknown.
   * Default: asks the disk.
   */
  readonly freeBytes?: () => number | undefined;
  /**
   * Returns the id of this run of the system (see {@link ./content/unsynced.ts}). Default: asks the
   * kernel.
   */
  readonly bootId?: () => string | undefined;
  /**
   * Returns the kind of the snapshots (see {@link ./content/snapshot-kind.ts}). Called when
   * snapshots are looked up. Default: mapped.
   */
  readonly snapshots?: () => SnapshotForm;
}

/**
 * Opens a handle of the store at `root`. Makes nothing, and closes an existing store to other
 * users. The database is opened on the first query, the lock of this handle is taken on the first
 * write, and then the leftovers of dead processes are removed.
 */
export function openStore(options: StoreOptions): Store {
  const paths = storePaths(options.root);
  const open = restrictBase(paths);
  if (open !== undefined) options.onNotice?.(open);
  const reap = () => {
    let found = false;
    owner.reapDead((holder, directory) => {
      found = true;
      cleanUpAfter(holder, directory, { database, orphans, paths, builds, unsynced });
    });
    for (const holder of holders(database)) {
      if (!owner.isAlive(holder)) cleanUpAfter(holder, join(paths.tmp, holder), { database, orphans, paths, builds, unsynced });
    }
    if (!found || !database.exists) return;
    // A process that died during collection left trees without rows. One that died between
    // index.json and its commit left that file one change ahead.
    orphans.remove(orphans.list());
    database.transaction(() => images.mirror());
  };
  const owner = new Owner(paths, () => {
    leases.makePersistent();
    reap();
  });
  const database = new Database(paths.database, {
    prepare: () => prepareLayout(paths),
    onCreate: () => {
      keepReserve(paths.reserve);
      images.adoptIndexJson();
      adoptTrees(database, orphans, paths);
      // A database that was made again beside existing files does not know their bytes.
      if (readdirSync(paths.blobs).length === 0) totals.begin();
    },
    onOpen: () => unsynced.dropUnknown((id) => layers.dropSnapshot(id)),
    exclusive: (body) => withFileLock(join(paths.locks, "database"), (directory) => makeStoreDirectory(paths, directory), body),
    onNotice: options.onNotice ?? (() => {}),
  });
  const unsynced = new Unsynced(database, options.bootId);
  const kind = new SnapshotKind(database, options.snapshots ?? (() => "mapped"));
  const totals = new StoreTotals(database, options.freeBytes ?? (() => freeBytes(paths.root)));
  const orphans = new Orphans(database);
  const leases = new StoreLeases({ database, owner, exists: (kind, id) => exists(kind, id) });
  const blobs = new LocalBlobStore({ paths, owner, leases, onLost: (digest) => layers.forgetBlob(digest), totals });
  const graph = new BlobGraph(blobs);
  const tocs = new TocStore({ directory: paths.toc, owner, totals });
  const layers = new IndexedLayerStore({ database, blobs, tocs, leases, paths, kind, owner, orphans, totals, unsynced });
  const results = new IndexedResults({ database, leases, owner, kind });
  const images = new IndexedImages({ database, blobs, graph, leases, owner, indexJson: paths.indexJson });
  const mounts = new CacheMounts({ database, owner, leases, directory: paths.mounts, totals, kind });
  const builds = new IndexedBuilds({ database, owner, paths, limits: { ...DEFAULT_LIMITS, ...options.history }, reap });
  const memo = new FileMemo(paths);
  const exists = (kind: LeaseKind, id: string): boolean => {
    switch (kind) {
      case "blob":
        return blobs.has(id as Digest);
      case "layer":
        return database.get("SELECT 1 FROM layers WHERE id = ?", layerRow(id) ?? 0) !== undefined;
      case "result":
        return database.get("SELECT 1 FROM results WHERE id = ?", Number(id)) !== undefined;
      case "mount":
        return database.get("SELECT 1 FROM mounts WHERE id = ?", id) !== undefined;
    }
  };
  const gc = new StoreCollector({ database, paths, owner, blobs, tocs, graph, memo, leases, orphans, totals, images, reap });
  /**
   * Uncompressed layers that were compressed since: many times as large, and without further use.
   */
  const sweepSuperseded = () => {
    const superseded = layers.takeSuperseded();
    if (superseded.length === 0) return;
    leases.releaseReferenced("blob", superseded);
    gc.sweepBlobs(superseded);
  };
  return {
    root: paths.root,
    blobs,
    layers,
    results,
    images,
    stats: new FileStatIndex(paths.stat, owner),
    locks: new FileLocks(paths),
    memo,
    leases,
    builds,
    gc,
    temporaryDirectory: () => owner.temporaryDirectory(),
    cacheMountPath: (id, name) => mounts.path(id, name),
    orphans: () => orphans.list(),
    removeOrphans: async (remove) => {
      const paths = orphans.list();
      if (paths.length === 0) return;
      await remove(paths);
      orphans.forget(paths);
    },
    close: () => {
      // On a full disk, the next handle that takes its lock removes this handle's leftovers.
      tolerate(() => layers.close());
      tolerate(sweepSuperseded);
      tolerate(() => gc.addOpen());
      // One commit for everything that is written at the end.
      if (database.isOpen) tolerate(() => database.transaction(() => [results, totals, leases].forEach((part) => part.close())));
      const left = owner.release();
      if (left !== undefined) tolerate(() => orphans.add(left));
      database.close();
    },
  };
}

/**
 * Runs work that may fail for reasons of the system, which the user has read already, or will read
 * from the next handle.
 */
function tolerate(body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof TsbuildError) && systemErrorCode(error) === undefined) throw error;
  }
}
