import type { Digest } from "../../core/digest.js";

/**
 * Bytes named by digest. All methods may be called concurrently, also by other processes. A written
 * blob is kept from collection until an image or layer refers to it, or the store is closed. A blob
 * that is corrupt or missing when it is read is dropped, together with the results that need the
 * blob, so that the next build makes both again.
 */
export interface BlobStore {
  has(digest: Digest): boolean;
  /** Returns the path of a blob, which need not exist. */
  path(digest: Digest): string;
  /** Returns the bytes of a stored blob. Throws `store/blob-missing`. */
  size(digest: Digest): number;
  /**
   * Reads and verifies a small blob (a manifest, a config). Throws `store/blob-missing`,
   * `store/blob-corrupt`.
   */
  readSmall(digest: Digest): Buffer;
  /**
   * Yields the bytes of a blob, and fails with `store/blob-corrupt` at the end when they do not
   * match. The file is open while they are read, and closed when the reader has left. Throws
   * `store/blob-missing` at once.
   */
  open(digest: Digest): AsyncIterable<Buffer>;
  /** Stores a small blob; idempotent. */
  writeSmall(data: string | Uint8Array): { readonly digest: Digest; readonly size: number };
  /**
   * Stores a stream. Verifies `expected` if present (digest and size); throws
   * `store/digest-mismatch` and keeps nothing on a difference. Idempotent. `onProgress` gets the
   * bytes so far. `onFile` gets the path of the file that is written, which may be read while it
   * grows, but proves nothing before the end.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected?: { readonly digest?: Digest; readonly size?: number },
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number) => void; readonly onFile?: (path: string) => void },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** Returns a temporary file name on the blobs' file system, for {@link adopt}. */
  temporaryPath(): string;
  /** Takes over a finished, already hashed file by renaming it. Idempotent. */
  adopt(path: string, digest: Digest): void;
  /**
   * Drops the bytes in spite of references to them, with every result that cannot be had without
   * them. {@link Collector} collects.
   */
  remove(digest: Digest): void;
  list(): Iterable<{ readonly digest: Digest; readonly size: number }>;
}
