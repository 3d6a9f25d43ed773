import type { Digest } from "../../core/digest.js";
import type { LayerBlob, Toc } from "../../oci/layer/model/toc.js";
import type { Descriptor } from "../../oci/types.js";

/**
 * Short local name of a layer, which is also its snapshot folder. The name is short so that
 * hundreds fit in one mount option string.
 */
export type LayerId = string & { readonly __brand: "LayerId" };

/**
 * One layer in the store. Missing forms are made from existing ones: blob → snapshot, TOC; snapshot
 * → blob, TOC.
 */
export interface LayerRecord {
  readonly id: LayerId;
  /** DiffID, known once the layer was packed, diffed, or named by an image config. */
  readonly diffId: Digest | undefined;
  /** Compressed form as a manifest names it. The bytes may still be at the registry. */
  readonly blob: Descriptor | undefined;
  /**
   * Recipe by which the blob was compressed here (see oci/layer/write/compress.ts): the same recipe
   * gives the same bytes. Undefined for a blob from another machine.
   */
  readonly recipe: string | undefined;
  /** True when snapshots/<id>/fs exists, complete, with owners that this handle can use. */
  readonly unpacked: boolean;
  /**
   * True when the snapshot was made before the last boot, and its files may not have reached the
   * disk.
   */
  readonly suspect: boolean;
  /**
   * Source of the blob, for layers that are not here yet: canonical reference of an image, or a
   * cache (remote/origin.ts).
   */
  readonly origin: string | undefined;
  /**
   * Milliseconds since the epoch at which the step that made the layer finished. The image's
   * history shows it.
   */
  readonly createdAt: number;
}

/** A snapshot that is being written. The snapshot vanishes unless it is committed. */
export interface ActiveSnapshot {
  readonly id: LayerId;
  /**
   * Empty directories of this process's user on one file system, for an overlay's upper and work.
   */
  readonly fs: string;
  readonly work: string;
  /** Marks the snapshot in `fs` as complete. The snapshot is kept from now on. */
  commitSnapshot(): LayerRecord;
  /** Drops the layer. `fs` becomes an orphan when it cannot be removed here. */
  discard(): void;
}

/** A layer whose bytes may be on another machine. */
export interface RemoteLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Source of the blob, see {@link LayerRecord.origin}. */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch at which a step on another machine made it. Default: now. */
  readonly createdAt?: number;
}

export interface LayerStore {
  get(id: LayerId): LayerRecord | undefined;
  /** Returns the layer with this content, preferring one that is unpacked or whose blob is here. */
  byDiffId(diffId: Digest): LayerRecord | undefined;
  prepare(): ActiveSnapshot;
  /**
   * Registers a base layer by its image's manifest and config. Idempotent by diffID: a newer origin
   * replaces an older one.
   */
  addRemote(layer: RemoteLayer): LayerRecord;
  /**
   * Forgets a lost blob. Removes layers that cannot be had in another way, with the results that
   * depend on them.
   */
  forgetBlob(digest: Digest): void;
  /**
   * Forgets an origin that serves nothing any more. Removes layers that cannot be had in another
   * way, with the results that depend on them.
   */
  forgetOrigin(origin: string): void;
  /**
   * Registers a packed layer (blob and TOC), whose blob is in the blob store. Idempotent by diffID.
   * `recipe`: see {@link LayerRecord.recipe}.
   */
  addPacked(blob: LayerBlob, recipe: string): LayerRecord;
  /**
   * Stores diffID and TOC of an unpacked layer after its diff; with `packed` also its blob, as
   * {@link setBlob}.
   */
  setDiff(id: LayerId, toc: Toc, packed?: { readonly blob: Descriptor; readonly recipe: string }): LayerRecord;
  /**
   * Sets the (possibly recompressed) blob of a layer whose diffID is known. The bytes are in the
   * blob store.
   */
  setBlob(id: LayerId, blob: Descriptor, recipe: string): LayerRecord;
  snapshotPath(id: LayerId): string;
  /**
   * Drops a missing or damaged snapshot. Removes the layer with the results that depend on it,
   * where the layer cannot be had in another way.
   */
  dropSnapshot(id: LayerId): void;
  /** Marks snapshots as intact: they were checked or synced. */
  trust(ids: readonly LayerId[]): void;
  /**
   * Returns snapshots that were made since boot, at least `age` milliseconds ago, and may not be on
   * the disk.
   */
  unsynced(age: number): readonly LayerId[];
  /**
   * Returns a staging directory for unpacking an existing layer. Its commit makes the snapshot
   * complete; when another process was faster, that process's snapshot stays.
   */
  prepareSnapshot(id: LayerId): ActiveSnapshot;
  /** Returns the stored TOC, if any. Recently used ones are kept in memory. */
  toc(diffId: Digest): Toc | undefined;
  saveToc(toc: Toc): void;
  list(): Iterable<LayerRecord>;
}
