import type { Digest } from "../../core/digest.js";
import type { Descriptor } from "../../oci/types.js";

/** Names of images. `index.json` of the layout follows every change. */
export interface ImageIndex {
  /**
   * Names an image. `name` is canonical with tag: `docker.io/library/alpine:latest`; undefined
   * keeps an image without a name. A name leads to one image: it is taken from its former image. An
   * image has names or one entry without a name: naming it removes that entry. Throws
   * `store/blob-missing` when the target is not in the blob store.
   */
  set(name: string | undefined, target: Descriptor, createdAt: number): void;
  /** Sets all entries or none of them: in one transaction, with one change of `index.json`. */
  setAll(entries: readonly ImageEntry[]): void;
  get(name: string): ImageEntry | undefined;
  /**
   * Finds images by manifest, index or config digest, or by a unique prefix of its hex of at least
   * 4 digits.
   */
  find(digestPrefix: string): readonly FoundEntry[];
  /** Removes a name, and with the last name the image. Returns the removed entry. */
  remove(name: string): ImageEntry | undefined;
  /** Removes every entry with this target (manifest or index). */
  removeDigest(digest: Digest): readonly ImageEntry[];
  list(): readonly ImageEntry[];
}

export interface FoundEntry extends ImageEntry {
  /** Digests of the image that begin with the prefix. */
  readonly digests: readonly Digest[];
}

export interface ImageEntry {
  readonly name: string | undefined;
  /** Descriptor of the manifest or index. */
  readonly target: Descriptor;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
