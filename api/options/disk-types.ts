/**
 * Type of a part of the store. `layer`, `snapshot` (a layer unpacked) and `toc` belong to cached
 * steps and images.
 */
export type DiskItemType = "image" | "layer" | "snapshot" | "toc" | "mount" | "blob" | "records";

/** One part of the store. */
export interface DiskItem {
  readonly type: DiskItemType;
  readonly id: string;
  /** Bytes of real blocks on the disk, as `du` counts them. */
  readonly bytes: number;
  /** Description: the step that made it, the image of the metadata, the mount's id. */
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number | undefined;
  /**
   * Reasons to keep it; empty when nothing needs it. A reason is a sentence without a verb: `image
   * app:latest`, `3 cached steps`, `a running build`.
   */
  readonly keptBy: readonly string[];
  /** True when several images need it, or an image and cached steps that it is not made of. */
  readonly shared: boolean;
  /** True when a running build uses it now. */
  readonly running: boolean;
  /** True when `prune({ all: true })` would remove it. */
  readonly reclaimable: boolean;
}

export interface DiskUsageReport {
  /** Parts of the store, largest first. */
  readonly items: readonly DiskItem[];
  /** Bytes, equal to the output of `du -s` for the store's directory. */
  readonly total: number;
  readonly reclaimable: number;
  /** Bytes that builds keep the store below; undefined without a limit. */
  readonly budget: number | undefined;
}

/** A cached step, a cache mount or an image without a name, that may be removed. */
export interface PruneCandidate {
  readonly type: "step" | "mount" | "image";
  readonly id: string;
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  /** True when an image is made of it. */
  readonly shared: boolean;
}

/**
 * Selects what a prune removes. Without any member, it removes every cached step that no image is
 * made of, and every cache mount. A prune never removes what running builds use.
 */
export interface PrunePolicy {
  /** True removes steps that images are made of too, and images without a name. */
  readonly all?: boolean;
  /** Milliseconds since the last use after which parts are removed. */
  readonly unusedFor?: number;
  /** Filter of the candidates. */
  readonly only?: (candidate: PruneCandidate) => boolean;
  /**
   * Bytes: least recently used things go only until the store takes at most this. Like all three, a
   * size (`20g`) or a share of the file system (`20%`) as well.
   */
  readonly maxUsedSpace?: number | string;
  /** Bytes that shall be free on the file system; parts are removed until then. */
  readonly minFreeSpace?: number | string;
  /** Bytes that are kept in any case. Alone it equals `maxUsedSpace`. */
  readonly keepStorage?: number | string;
  /** True only reports what would be removed. */
  readonly dryRun?: boolean;
}

export interface PrunedItem {
  readonly type: DiskItemType | "step";
  readonly id: string;
  readonly description: string;
  readonly bytes: number;
  readonly lastUsedAt: number | undefined;
  /**
   * `unreferenced`: nothing needs it (any more). `unused`: asked for. `space`: to get below the
   * limit.
   */
  readonly why: "unreferenced" | "unused" | "space";
}

export interface PruneReport {
  /** Removed parts in order: a step, then the layers that it alone needed. */
  readonly removed: readonly PrunedItem[];
  /** Bytes that were freed. */
  readonly reclaimed: number;
}
