import { blobUnreadable, blobOfOtherSize, blobMissing, blobOfOtherDigest, noLayout } from "./errors.js";
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { digestHex, Hasher, sha256, type Digest } from "../../core/digest.js";
import type { TsbuildError } from "../../core/errors.js";
import { systemErrorCode } from "../../core/errors.js";
import { OPEN_INPUT, readRegularFile } from "../../core/system/regular-file.js";
import { systemReason } from "../../core/system/system-reason.js";
import { type BlobReader, readTree } from "../image.js";
import type { Descriptor } from "../types.js";
import { MAX_METADATA_SIZE, parseIndex } from "../validate.js";
import type { BlobTarget } from "./complete.js";

/** An OCI image layout in a directory, read only. Every blob is verified when it is read. */
export class LayoutDirectory implements BlobReader {
  readonly directory: string;
  /** Entries of `index.json`. */
  readonly entries: readonly Descriptor[];

  /** Throws `layout/not-found` unless `directory` is a layout. */
  constructor(directory: string) {
    this.directory = directory;

    let index: Buffer;
    try {
      index = readRegularFile(inside(directory, "index.json"), 4 * MAX_METADATA_SIZE);
    } catch (cause) {
      const code = systemErrorCode(cause);
      const why = code === "ENOENT" ? "it has no index.json" : code === "ENOTDIR" ? "it is no directory" : systemReason(cause);
      throw noLayout(directory, why, cause);
    }
    this.entries = parseIndex(index, `index.json of "${directory}"`).manifests;
  }

  has(digest: Digest): boolean {
    return statSync(this.#path(digest), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  size(digest: Digest): number {
    const stat = statSync(this.#path(digest), { throwIfNoEntry: false });
    if (stat?.isFile()) return stat.size;
    throw blobUnreadable(digest, this.directory);
  }

  readSmall(digest: Digest): Buffer {
    const size = this.size(digest);
    if (size > MAX_METADATA_SIZE) throw blobOfOtherSize(digest, size, this.directory);
    const data = readRegularFile(this.#path(digest), MAX_METADATA_SIZE);
    if (sha256(data) !== digest) throw this.#corrupt(digest);
    return data;
  }

  /** Yields the bytes of a blob. Each chunk is valid until the next. */
  async *open(digest: Digest): AsyncGenerator<Buffer, void> {
    const fd = openSync(this.#path(digest), OPEN_INPUT);
    try {
      const hasher = new Hasher();
      const buffer = Buffer.allocUnsafe(1 << 20);
      for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
        const chunk = buffer.subarray(0, size);
        hasher.update(chunk);
        yield chunk;
      }
      if (hasher.digest() !== digest) throw this.#corrupt(digest);
    } finally {
      closeSync(fd);
    }
  }

  /** Copies the existing blobs of `target` into a blob store. */
  async copyTo(target: Descriptor, blobs: BlobTarget, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (!this.has(target.digest)) {
      throw blobMissing(target, this.directory);
    }
    const { indexes, manifests } = readTree(target, this, `the image in "${this.directory}"`);
    for (const { manifest } of manifests) {
      for (const blob of [manifest.config, ...manifest.layers]) {
        const there = blobs.keep === undefined ? blobs.has(blob.digest) : blobs.keep(blob.digest);
        if (!there && this.has(blob.digest)) await blobs.ingest(this.open(blob.digest), { digest: blob.digest, size: blob.size }, options);
      }
    }
    for (const { descriptor } of [...manifests, ...indexes]) blobs.writeSmall(this.readSmall(descriptor.digest));
  }

  #path(digest: Digest): string {
    return join(this.directory, "blobs", "sha256", digestHex(digest));
  }

  #corrupt(digest: Digest): TsbuildError {
    return blobOfOtherDigest(digest, this.directory);
  }
}

/**
 * Returns the path of a file of the layout. Throws when it is a link that leads out of the layout.
 * Note that links of blobs may lead anywhere, because a blob is what its digest says; `index.json`
 * is quoted in messages, and a layout of others must not show a file of this machine.
 */
function inside(directory: string, name: string): string {
  const path = realpathSync(join(directory, name));
  if (path.startsWith(`${realpathSync(directory)}/`)) return path;
  throw new Error(`its ${name} is a link that leads out of it`);
}
