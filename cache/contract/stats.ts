import type { Digest } from "../../core/digest.js";
import type { Xattrs } from "../../core/file-node.js";

/** Stat fields that tell whether a file changed; times in nanoseconds. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * Content digests and `user.*` attributes of local files by (device, inode), so that unchanged files are not read again. One shard per walked root is loaded at once.
 * A file whose mtime or ctime is younger than the shard's clock tick at the time it was hashed is distrusted (it could still change
 * without its times changing).
 */
export interface StatIndex {
  /** Loads the shard of a root directory (absolute path). */
  shard(root: string): StatShard;
}

export interface StatShard {
  get(stat: FileStat): Digest | undefined;
  /** Attributes of a file that {@link get} found; undefined when it had none. */
  xattrs(stat: FileStat): Xattrs | undefined;
  /** `hashedAtNs`: wall clock before the file was opened for hashing. */
  set(stat: FileStat, file: { readonly digest: Digest; readonly xattrs?: Xattrs }, hashedAtNs: bigint): void;
  /** Writes the shard when something was added, dropping entries not seen through get or set since it was loaded. */
  save(): void;
}
