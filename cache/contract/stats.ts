import type { Digest } from "../../core/digest.js";
import type { Xattrs } from "../../core/file-node.js";
import type { DigestColumn } from "../../oci/layer/model/digest-column.js";

/** Stat fields that show whether a file changed. Times are in nanoseconds. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * Content digests and `user.*` attributes of local files by (device, inode), so that unchanged
 * files are not read again. One shard for each walked root is loaded at once. A file whose mtime or
 * ctime was younger than the clock tick when it was hashed is not trusted: it can still change
 * without a change of its times.
 */
export interface StatIndex {
  /** Loads the shard of a root directory (absolute path). */
  shard(root: string): StatShard;
}

export interface StatShard {
  /**
   * Copies the digest of a file into a column, to a place that the caller chooses. Returns false
   * when the file is not known. Note that we make no text of the digest, because there is one for
   * each file of a context.
   */
  copyDigest(stat: FileStat, to: DigestColumn, number: number): boolean;
  /**
   * Returns the attributes of a file that {@link copyDigest} found, or undefined when it had none.
   */
  xattrs(stat: FileStat): Xattrs | undefined;
  /** Records a file. `hashedAtNs` is the wall clock before the file was opened for hashing. */
  set(stat: FileStat, file: { readonly digest: Digest; readonly xattrs?: Xattrs }, hashedAtNs: bigint): void;
  /**
   * Writes the shard when something was added. Drops entries that were not read or set since it was
   * loaded.
   */
  save(): void;
}
