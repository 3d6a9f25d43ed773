import type { Digest } from "../../core/digest.js";
import type { Readable } from "node:stream";

/**
 * Bytes named by digest. All methods may be called concurrently, also by other processes. What was written is kept from collection until
 * an image or layer refers to it, or the store is closed. A blob that turns out corrupt or missing when it is read is dropped together with
 * the results that cannot be had without it, so that the next build makes it again.
 */
export interface BlobStore {
  has(digest: Digest): boolean;
  /** Where the bytes are, whether or not they are there. */
  path(digest: Digest): string;
  /** Bytes of a stored blob. Throws `store/blob-missing`. */
  size(digest: Digest): number;
  /** For small blobs (manifests, configs): read and verified. Throws `store/blob-missing`, `store/blob-corrupt`. */
  readSmall(digest: Digest): Buffer;
  /** A verifying stream: errors with `store/blob-corrupt` at the end when the bytes do not match. */
  open(digest: Digest): Readable;
  /** Stores a small blob; idempotent. */
  writeSmall(data: string | Uint8Array): { readonly digest: Digest; readonly size: number };
  /**
   * Stores a stream. Verifies `expected` when given (digest and size) and throws `store/digest-mismatch` without keeping anything. Idempotent.
   * `onProgress` gets the bytes so far; `onFile` the file they are written to, which may be read while it grows, but proves nothing before the end.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected?: { readonly digest?: Digest; readonly size?: number },
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number) => void; readonly onFile?: (path: string) => void },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** A temporary file name on the blobs' filesystem, to be given to {@link adopt}. */
  temporaryPath(): string;
  /** Takes over a finished, already hashed file by renaming it. Idempotent. */
  adopt(path: string, digest: Digest): void;
  /** Drops the bytes whoever refers to them, and every result that cannot be had without them. Collection is {@link Collector}. */
  remove(digest: Digest): void;
  list(): Iterable<{ readonly digest: Digest; readonly size: number }>;
}
