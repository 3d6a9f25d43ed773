import type { Digest } from "../../core/digest.js";

/** Disk usage of one part of the store, in bytes of real blocks (as `du` counts). */
export interface Usage {
  readonly kind: "blob" | "snapshot" | "toc" | "mount" | "other";
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  /** Name for people: the step that made a layer, or the image of a manifest. */
  readonly name: string | undefined;
  /** Milliseconds since the epoch at which a user of this part was last used. */
  readonly lastUsedAt: number | undefined;
  readonly usedBy: UsedBy;
  /** True when collection keeps this part unless it is asked to drop results or mounts. */
  readonly inUse: boolean;
  /**
   * False when directories of mapped ids could not be read from here: the bytes are then a lower
   * bound.
   */
  readonly complete: boolean;
}

/** Users that keep a part of the store. */
export interface UsedBy {
  /** Names of images, or digests of those without; sorted. */
  readonly images: readonly string[];
  /**
   * True for the metadata of a base image that a build asked a registry for. The metadata is kept
   * as long as the memo, so that the next build needs no network.
   */
  readonly base: boolean;
  /** Number of cached steps that depend on it. */
  readonly steps: number;
  /** True when a running process uses it. */
  readonly running: boolean;
}

/** A cached step, a cache mount, or an image without a name, that may be removed. */
export interface Candidate {
  readonly kind: "result" | "mount" | "image";
  readonly id: string;
  /** Name of the step, or the mount's id in the Dockerfile, or the image's digest. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
  /** True when every layer of the result belongs to an image. */
  readonly shared: boolean;
}

/**
 * Selection of parts to remove. Without any member only unreferenced parts are removed. Parts that
 * running processes use are always kept.
 */
export interface CollectPolicy {
  /**
   * Milliseconds since the last use after which results, and the kinds of the next members, are
   * removed. 0 selects all, and is the default with `keepBytes`.
   */
  readonly unusedFor?: number;
  /** Stop removing (least recently used first) once the store is at most this large, in bytes. */
  readonly keepBytes?: number;
  readonly mounts?: boolean;
  /** True removes images without a name too. */
  readonly images?: boolean;
  /** True keeps results that images are made of. */
  readonly keepShared?: boolean;
  /** Filter of the candidates. */
  readonly only?: (candidate: Candidate) => boolean;
}

export interface CollectOptions {
  /** True only reports what would be removed. */
  readonly dryRun?: boolean;
}

export interface CollectReport {
  readonly removed: readonly Removed[];
  readonly bytes: number;
}

export interface Removed {
  readonly kind: Usage["kind"] | "result" | "layer" | "image";
  readonly id: string;
  readonly name: string | undefined;
  readonly bytes: number;
  /**
   * `unreferenced`: nothing refers to the part. `unused`: it was not used for as long as was asked.
   * `space`: to make room.
   */
  readonly why: "unreferenced" | "unused" | "space";
  /** Milliseconds since the epoch, for results, mounts and images. */
  readonly usedAt: number | undefined;
}

/**
 * Accounting and collection. References: image → blobs; result → layers → blob, snapshot, TOC;
 * lease → any of them. Rows are removed before files, so a crash leaves garbage and never a
 * dangling reference. Safe beside running builds.
 */
export interface Collector {
  usage(): readonly Usage[];
  /** Stores the bytes of parts that {@link usage} could not read. */
  remember(sizes: ReadonlyMap<Usage, number>): void;
  /**
   * Returns true when the store, with this handle's writes, takes more than so many bytes and
   * collection may help. Uses running totals, so the call is cheap. Also returns true when the size
   * is unknown, or when so much of the disk was used up since the last measurement that the store
   * may have grown past it.
   */
  exceeds(bytes: number): boolean;
  /**
   * Carries out policies one after the other. Snapshots that cannot be removed from here become
   * orphans: let the worker remove `store.orphans()` afterwards.
   */
  collect(policy?: CollectPolicy | readonly CollectPolicy[], options?: CollectOptions): CollectReport;
  /**
   * Notes that collection can free no more: {@link exceeds} returns false until the store takes
   * more than this many bytes. 0 undoes that.
   */
  pauseUntil(collectAbove: number): void;
  /**
   * Removes the unreferenced blobs among those reachable from these (`rmi`). Returns the removed
   * ones.
   */
  sweepBlobs(from: readonly Digest[]): readonly Digest[];
  /**
   * Cleans up after processes that died, as far as the store is writable. Every handle does so
   * before its first write.
   */
  recover(): void;
  /**
   * Returns every fault of the store as a sentence; none when all is well. Reads all metadata, and
   * with `content` all bytes.
   */
  verify(options?: { readonly content?: boolean }): readonly string[];
}
