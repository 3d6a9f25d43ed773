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
 * The durable state of tsbuild, contracts first. One store is a directory, used by any number of processes at once; `openStore`
 * (open-store.ts) gives a handle. Layout below the root, which carries the format version:
 *
 *     v1/oci-layout, index.json, blobs/sha256/…   a valid OCI image layout
 *     v1/index.db                                  layers, results, images, leases (SQLite, WAL)
 *     v1/snapshots/<layer id>/fs                   a layer unpacked, in overlayfs form; owned by mapped ids, or by one (fs.owners)
 *     v1/toc/<hex of diffID>                       tables of contents
 *     v1/stat/…  v1/memo/<kind>/…                  stat index shards; small derived values (parsed Dockerfiles …)
 *     v1/mounts/<hash>-<n>                          cache mounts
 *     v1/builds/<build id>/<n>.gz                   what the steps of a build printed
 *     v1/locks/…  v1/tmp/<owner>/…                 flock files; what a process has in flight
 *
 * Everything durable is written to a temporary name, verified and renamed, files before the rows that name them. kill -9 loses at most
 * what was in flight; the next process that opens the store for writing removes it.
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
  /** A new directory of this process for short-lived files; removed on close, or by the next process after a crash. */
  temporaryDirectory(): string;
  /** Directory of a cache mount; made (empty) by the caller when missing. Registered for accounting, under `name` for people. */
  cacheMountPath(id: string, name?: string): string;
  /**
   * Trees left by crashed processes, or whose layer is gone; owned by mapped ids, so the caller lets the worker remove them and then calls
   * `forget`. Empty in the normal case and cheap to ask.
   */
  orphans(): readonly string[];
  forget(paths: readonly string[]): void;
  /** Writes the uses, gives back leases, locks of ownership and temporary files. Drafts that are open are discarded. Idempotent. */
  close(): void;
}
