import type { Digest } from "../../core/digest.js";
import type { LayerBlob, Toc } from "../../oci/layer/model/toc.js";
import type { Descriptor } from "../../oci/types.js";

/** Short local name of a layer; also its snapshot folder. Small so that hundreds fit in one mount option string. */
export type LayerId = string & { readonly __brand: "LayerId" };

/** One layer in the store. What it lacks can be made from what it has: blob → snapshot, TOC; snapshot → blob, TOC. */
export interface LayerRecord {
  readonly id: LayerId;
  /** Known once it was packed, diffed, or named by an image config. */
  readonly diffId: Digest | undefined;
  /** Compressed form as a manifest names it. The bytes may still be at the registry. */
  readonly blob: Descriptor | undefined;
  /** How the blob was compressed here (see oci/layer/write/compress.ts): the same recipe gives the same bytes. Undefined for one that came from elsewhere. */
  readonly recipe: string | undefined;
  /** Whether snapshots/<id>/fs is there, complete, and of a kind that this handle can use. */
  readonly unpacked: boolean;
  /** Whether the snapshot was made before the system started last, and nobody knows whether its files reached the disk. */
  readonly suspect: boolean;
  /** Where the blob can be fetched, for layers that are not here yet: canonical reference of an image, or a cache (transfer/origin.ts). */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch: when the step that made it finished. Ends in the image's history. */
  readonly createdAt: number;
}

/** A layer being made by a step; vanishes unless it is committed. */
export interface LayerDraft {
  readonly id: LayerId;
  /** Empty directories, owned by this process's user, on one filesystem: for an overlay's upper and work. */
  readonly fs: string;
  readonly work: string;
  /** The snapshot in `fs` is complete. From now on it survives. */
  commitSnapshot(): LayerRecord;
  /** Drops it; `fs` becomes an orphan when it cannot be removed here. */
  discard(): void;
}

/** A layer whose bytes are, or may be, elsewhere. */
export interface RemoteLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** See {@link LayerRecord.origin}. */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch: when a step on another machine made it. Default: now. */
  readonly createdAt?: number;
}

export interface LayerStore {
  get(id: LayerId): LayerRecord | undefined;
  /** The layer with this content, preferring one that is unpacked or whose blob is here. */
  byDiffId(diffId: Digest): LayerRecord | undefined;
  draft(): LayerDraft;
  /** Registers a base layer by what an image's manifest and config say; idempotent by diffID (a newer origin replaces an older one). */
  addRemote(layer: RemoteLayer): LayerRecord;
  /** A blob is gone: layers that can be had in no other way go, with the results that stand on them. */
  forgetBlob(digest: Digest): void;
  /** Nothing can be fetched from there any more: layers that can be had in no other way go, with the results that stand on them. */
  forgetOrigin(origin: string): void;
  /** Registers a packed layer (blob and TOC), whose blob is in the blob store. Idempotent by diffID. `recipe`: see {@link LayerRecord.recipe}. */
  addPacked(blob: LayerBlob, recipe: string): LayerRecord;
  /** Records diffID and TOC of an unpacked layer after its diff. */
  setDiff(id: LayerId, toc: Toc): LayerRecord;
  /** Records the (possibly recompressed) blob of a layer whose diffID is known; the bytes are in the blob store. */
  setBlob(id: LayerId, blob: Descriptor, recipe: string): LayerRecord;
  snapshotPath(id: LayerId): string;
  /** The snapshot is missing or damaged: it goes, and where the layer can be had in no other way, the layer too, with the results that stand on it. */
  dropSnapshot(id: LayerId): void;
  /** Snapshots that were found as they were made, or were synced. */
  trust(ids: readonly LayerId[]): void;
  /** Snapshots that were made since the system started, `age` milliseconds ago and more, and may not be on the disk. */
  unsynced(age: number): readonly LayerId[];
  /** A draft for unpacking an existing layer: commit makes its snapshot complete; when another process was faster, that one stays. */
  draftSnapshot(id: LayerId): LayerDraft;
  /** The TOC, when it is stored. Recently used ones are kept in memory. */
  toc(diffId: Digest): Toc | undefined;
  saveToc(toc: Toc): void;
  list(): Iterable<LayerRecord>;
}
