import type { Digest } from "../../core/digest.js";
import type { Descriptor } from "../../oci/types.js";

/** Names of images. `index.json` of the layout follows every change. */
export interface ImageIndex {
  /**
   * `name` is canonical with tag: `docker.io/library/alpine:latest`; undefined is an image without a name. A name leads to one image: it is
   * taken from the one that had it. An image has names or is once without: naming it ends that. Throws `store/blob-missing` when the
   * target is not in the blob store.
   */
  set(name: string | undefined, target: Descriptor, createdAt: number): void;
  /** Sets many at once, or none of them: one transaction, and one change of `index.json` however many they are. */
  setAll(entries: readonly ImageEntry[]): void;
  get(name: string): ImageEntry | undefined;
  /** By manifest, index or config digest, or a unique prefix of its hex of at least 4 digits. */
  find(digestPrefix: string): readonly FoundEntry[];
  /** Removes a name; the last name of an image leaves nothing behind. Answers what was removed. */
  remove(name: string): ImageEntry | undefined;
  /** Removes every entry with this target (manifest or index). */
  removeDigest(digest: Digest): readonly ImageEntry[];
  list(): readonly ImageEntry[];
}

export interface FoundEntry extends ImageEntry {
  /** Digests of the image that begin like that. */
  readonly digests: readonly Digest[];
}

export interface ImageEntry {
  readonly name: string | undefined;
  /** Manifest or index. */
  readonly target: Descriptor;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
