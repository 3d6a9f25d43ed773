import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { type Digest, digestHex, Hasher, isDigest, sha256 } from "../../core/digest.js";
import { systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { closeStream } from "../../core/tasks/close-stream.js";
import { BufferedFile } from "./buffered-file.js";
import { blobCorrupt, blobMissing, digestMismatch, ioError } from "../errors.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Owner } from "../processes/owner.js";
import type { StorePaths } from "../paths.js";
import { makeStoreDirectory } from "../private-directory.js";
import type { BlobStore } from "../contract/blobs.js";
import type { StoreTotals } from "../database/totals.js";

const CHUNK = 1 << 20;

interface LocalBlobStoreOptions {
  readonly paths: StorePaths;
  readonly owner: Owner;
  readonly leases: StoreLeases;
  /**
   * Called when a blob's bytes are gone or useless, so that no lookup finds results that need
   * them.
   */
  readonly onLost: (digest: Digest) => void;
  readonly totals: Pick<StoreTotals, "addFile">;
}

/** Blobs as files of an OCI image layout: `blobs/sha256/<hex>`. */
export class LocalBlobStore implements BlobStore {
  readonly #paths: StorePaths;
  readonly #owner: Owner;
  readonly #leases: StoreLeases;
  readonly #onLost: (digest: Digest) => void;
  readonly #totals: Pick<StoreTotals, "addFile">;

  constructor({ paths, owner, leases, onLost, totals }: LocalBlobStoreOptions) {
    this.#paths = paths;
    this.#owner = owner;
    this.#leases = leases;
    this.#onLost = onLost;
    this.#totals = totals;
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest));
  }

  path(digest: Digest): string {
    // Called for every layer of every build: `join` is too slow, because it reads its arguments
    // letter by letter.
    return `${this.#paths.blobs}/${digestHex(digest)}`;
  }

  size(digest: Digest): number {
    const stat = statSync(this.path(digest), { throwIfNoEntry: false });
    if (!stat) throw this.#missing(digest);
    return stat.size;
  }

  readSmall(digest: Digest): Buffer {
    let data: Buffer;
    try {
      data = readFileSync(this.path(digest));
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") throw this.#missing(digest);
      throw ioError(`Cannot read blob ${digest}`, error);
    }
    const found = sha256(data);
    if (found !== digest) throw this.#corrupt(digest, found);
    return data;
  }

  open(digest: Digest): AsyncIterable<Buffer> {
    this.size(digest);
    return this.#opened(digest);
  }

  /** Reads ahead of the reader. */
  async *#opened(digest: Digest): AsyncGenerator<Buffer> {
    const stream = Readable.from(this.#verified(digest), { objectMode: false, highWaterMark: CHUNK });
    try {
      yield* stream as AsyncIterable<Buffer>;
    } finally {
      await closeStream(stream);
    }
  }

  writeSmall(data: string | Uint8Array): { readonly digest: Digest; readonly size: number } {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const digest = sha256(bytes);
    if (!this.#keep(digest)) {
      const temporary = this.temporaryPath();
      try {
        writeFileSync(temporary, bytes, { flag: "wx" });
      } catch (error) {
        rmSync(temporary, { force: true });
        throw ioError("Cannot store a blob", error);
      }
      this.#place(temporary, digest);
    }
    return { digest, size: bytes.length };
  }

  async ingest(
    source: AsyncIterable<Uint8Array>,
    expected: { readonly digest?: Digest; readonly size?: number } = {},
    options: {
      readonly signal?: AbortSignal;
      readonly onProgress?: (bytes: number) => void;
      readonly onFile?: (path: string) => void;
    } = {},
  ): Promise<{ readonly digest: Digest; readonly size: number }> {
    const temporary = this.temporaryPath();
    const hasher = new Hasher();
    const cancel = (error: unknown) => {
      if (source instanceof Readable) source.destroy(error instanceof Error ? error : undefined);
    };
    const onAbort = () => cancel(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      throwIfAborted(options.signal);
      const file = new BufferedFile(temporary);
      try {
        options.onFile?.(temporary);
        for await (const chunk of source) {
          throwIfAborted(options.signal);
          hasher.update(chunk);
          // An endless stream must not fill the disk before its digest is known to be wrong.
          if (expected.size !== undefined && hasher.size > expected.size) throw digestMismatch(`${expected.size} bytes`, "more");
          await file.write(chunk);
          options.onProgress?.(hasher.size);
        }
        await file.flush();
      } finally {
        await file.close();
      }
      const size = hasher.size;
      const digest = hasher.digest();
      if (expected.size !== undefined && size !== expected.size) throw digestMismatch(`${expected.size} bytes`, `${size} bytes`);
      if (expected.digest !== undefined && digest !== expected.digest) throw digestMismatch(expected.digest, digest);
      this.adopt(temporary, digest);
      return { digest, size };
    } catch (error) {
      rmSync(temporary, { force: true });
      // Nobody reads a source that was not begun.
      cancel(undefined);
      // An aborted source ends with its own error.
      throwIfAborted(options.signal);
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
    }
  }

  temporaryPath(): string {
    return this.#owner.temporaryPath("blob");
  }

  adopt(path: string, digest: Digest): void {
    if (this.#keep(digest)) rmSync(path, { force: true });
    else this.#place(path, digest);
  }

  remove(digest: Digest): void {
    rmSync(this.path(digest), { force: true });
    this.#onLost(digest);
  }

  *list(): Iterable<{ readonly digest: Digest; readonly size: number }> {
    for (const name of existsSync(this.#paths.blobs) ? readdirSync(this.#paths.blobs) : []) {
      const digest = `sha256:${name}`;
      const stat = isDigest(digest) ? statSync(this.path(digest), { throwIfNoEntry: false }) : undefined;
      if (isDigest(digest) && stat) yield { digest, size: stat.size };
    }
  }

  /** Leases the blob, then checks that it exists: in this order collection cannot come between. */
  #keep(digest: Digest): boolean {
    this.#leases.leaseWritten("blob", digest);
    return this.has(digest);
  }

  #place(temporary: string, digest: Digest): void {
    try {
      try {
        renameSync(temporary, this.path(digest));
      } catch (error) {
        if (systemErrorCode(error) !== "ENOENT" || !existsSync(temporary)) throw error;
        makeStoreDirectory(this.#paths, dirname(this.path(digest)));
        renameSync(temporary, this.path(digest));
      }
      this.#totals.addFile(this.path(digest));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw ioError(`Cannot store blob ${digest}`, error);
    }
  }

  #missing(digest: Digest): Error {
    this.#onLost(digest);
    return blobMissing(digest);
  }

  #corrupt(digest: Digest, found: Digest): Error {
    this.remove(digest);
    return blobCorrupt(digest, found);
  }

  async *#verified(digest: Digest): AsyncGenerator<Buffer> {
    const file = await open(this.path(digest), "r").catch((error: unknown) => {
      throw systemErrorCode(error) === "ENOENT" ? this.#missing(digest) : ioError(`Cannot read blob ${digest}`, error);
    });
    try {
      const hasher = new Hasher();
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK);
        if (bytesRead === 0) break;
        const chunk = buffer.subarray(0, bytesRead);
        hasher.update(chunk);
        yield chunk;
      }
      const found = hasher.digest();
      if (found !== digest) throw this.#corrupt(digest, found);
    } finally {
      await file.close();
    }
  }
}
