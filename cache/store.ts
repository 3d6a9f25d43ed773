import type { BlobStore } from "./contract/blobs.js";
import type { BuildHistory } from "./contract/builds.js";
import type { Collector } from "./contract/collector.js";
import type { ImageIndex } from "./contract/images.js";
import type { LayerStore } from "./contract/layers.js";
import type { Leases } from "./contract/leases.js";
import type { Locks } from "./contract/locks.js";
import type { Memo } from "./contract/memo.js";
import type { ResultIndex } from "./contract/results.js";
import type { StatIndex } from "./contract/stats.js";

/**
 * The durable state of tsbuild. One store is a directory, used by any number of processes at once;
 * `openStore` (open-store.ts) returns a handle. Layout below the root:
 *
 *     v1/oci-layout, index.json, blobs/sha256/…   a valid OCI image layout
 *     v1/index.db                         layers, results, images, leases (SQLite, WAL)
 *     v1/snapshots/<layer id>/fs          an unpacked layer in overlayfs form, with mapped owners,
 *                                         or with one owner and the virtual ones in fs.owners
 *     v1/toc/<hex of diffID>              tables of contents
 *     v1/stat/…                           shards of the stat index
 *     v1/memo/<kind>/…                    small derived values (parsed Dockerfiles …)
 *     v1/mounts/<hash>-<n>                cache mounts
 *     v1/builds/<build id>/<n>.gz         output of the steps of a build
 *     v1/locks/…                          flock files
 *     v1/tmp/<owner>/…                    unfinished work of a process
 *
 * The folder `v1` carries the format version. Everything durable is written to a temporary name,
 * verified and renamed, files before the rows that name them. kill -9 loses at most unfinished
 * work. The next process that opens the store for writing removes the leftovers.
 */
export interface Store {
  /** The store's directory without the format version, absolute. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly results: ResultIndex;
  readonly images: ImageIndex;
  readonly stats: StatIndex;
  readonly locks: Locks;
  /** Small derived values that may vanish at any time (parsed Dockerfiles, resolved references). */
  readonly memo: Memo;
  readonly leases: Leases;
  readonly builds: BuildHistory;
  readonly gc: Collector;
  /**
   * Makes a new directory of this process for short-lived files. The directory is removed on close,
   * or by the next process after a crash.
   */
  temporaryDirectory(): string;
  /**
   * Returns the directory of a cache mount, which the caller makes (empty) when it is missing.
   * Registers it for accounting, under `name` for people.
   */
  cacheMountPath(id: string, name?: string): string;
  /**
   * Returns the trees that crashed processes or deleted layers left, owned by mapped ids. Normally
   * there are none, and the call is cheap.
   */
  orphans(): readonly string[];
  /**
   * Lets `remove` (the worker's, as a rule) remove the trees of {@link orphans}, then forgets just
   * those: other processes leave more meanwhile. Forgets none when `remove` fails.
   */
  removeOrphans(remove: (paths: readonly string[]) => Promise<void>): Promise<void>;
  /**
   * Writes the uses; releases leases, locks of ownership and temporary files. Discards open staging
   * directories. Idempotent.
   */
  close(): void;
}
