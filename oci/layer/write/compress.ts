import { availableParallelism } from "node:os";
import * as zlib from "node:zlib";
import { type Digest, Hasher } from "../../../core/digest.js";
import { deflateBlock, dictionaryOf } from "./deflate-block.js";
import { invalidLevel, zstdUnsupported } from "../model/errors.js";
import type { CompressionOptions } from "../model/tasks.js";
import type { Compression } from "../../media-types.js";

/**
 * Version of the compressed bytes. Raise it when the same input and level give other bytes than
 * before, which changes the digests of all later layers: after a change of the block size, or of
 * the pieces that are stored. The number of running blocks, and the way writes are cut, change
 * nothing. 2: incompressible pieces of gzip are stored.
 */
const FORMAT_VERSION = 2;

/** Bytes of input that are compressed on their own. */
const BLOCK_SIZE = { gzip: 1 << 20, zstd: 4 << 20, uncompressed: 1 << 20 } as const;

/**
 * Default levels. gzip at 4 is 1.7 times as fast as 6 on a Debian root for 3 % more bytes, and
 * people wait for compression more often than they pay for bytes.
 */
const DEFAULT_LEVEL = { gzip: 4, zstd: 3, uncompressed: 0 } as const;

const LEVELS = { gzip: [0, 9], zstd: [1, 22], uncompressed: [0, 0] } as const;

interface Compressed {
  /** Digest of the bytes written in. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  /** Digest of the output; `size` has its bytes. */
  readonly digest: Digest;
  readonly size: number;
}

interface CompressorParts {
  readonly options: CompressionOptions;
  readonly sink: (chunk: Buffer) => void | Promise<void>;
  readonly inFlight?: number;
}

/**
 * Compresses a stream into one gzip member (or zstd frames, or unchanged), in blocks on libuv's
 * threads, and digests both forms. A gzip block is raw deflate with the end of the block before as
 * dictionary, so the ratio is that of one stream. At most twice as many blocks as processors run at
 * once: `write` returns a promise when the caller should wait, else undefined.
 */
export class Compressor {
  readonly #type: Compression;
  readonly #level: number;
  readonly #sink: (chunk: Buffer) => void | Promise<void>;
  readonly #limit: number;
  readonly #input = new Hasher();
  readonly #output = new Hasher();
  #block: Buffer;
  #filled = 0;
  #dictionary: Buffer | undefined;
  #crc = 0;
  #inFlight = 0;
  /** Resolves when every block so far is written out, in order. */
  #written: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #failure: unknown;
  #abandoned = false;

  /**
   * `sink` gets the output in order, the next chunk when it has taken the last, and must not keep
   * the chunks.
   */
  constructor({ options, sink, inFlight = 2 * availableParallelism() }: CompressorParts) {
    this.#type = options.type;
    this.#level = checkCompression(options);
    this.#sink = sink;
    this.#limit = Math.max(1, inFlight);
    this.#block = Buffer.allocUnsafe(BLOCK_SIZE[this.#type]);
    // No name, no time, operating system unknown: no trace of this machine.
    if (this.#type === "gzip") this.#follow(this.#emit([Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)]));
  }

  /** Takes all of `chunk`, which may be reused afterwards, or after a returned promise. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#type === "uncompressed") {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const taken = this.#sink(bytes);
      this.#input.update(bytes);
      return taken ?? undefined;
    }
    for (let at = 0; at < chunk.length; ) {
      // A full block waits until more bytes come: only then it is known not to be the last.
      if (this.#filled === this.#block.length) this.#dispatch(false);
      const part = chunk.subarray(at, at + this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
    if (this.#failure !== undefined) return this.#written;
    return this.#inFlight >= this.#limit ? this.#room() : undefined;
  }

  /**
   * Returns the digest of everything written so far, to continue from. Returns undefined where some
   * bytes may still wait for the rest of their block.
   */
  digested(): Hasher | undefined {
    return this.#type === "uncompressed" ? new Hasher(this.#input) : undefined;
  }

  /** Ends the stream. Resolves when everything went through the sink. */
  async finish(): Promise<Compressed> {
    if (this.#type !== "uncompressed") this.#dispatch(true);
    await this.#written;
    const { size: uncompressedSize } = this.#input;
    const diffId = this.#input.digest();
    if (this.#type === "uncompressed") return { diffId, uncompressedSize, digest: diffId, size: uncompressedSize };
    if (this.#type === "gzip") {
      const trailer = Buffer.alloc(8);
      trailer.writeUInt32LE(this.#crc, 0);
      trailer.writeUInt32LE(uncompressedSize % 0x1_0000_0000, 4);
      await this.#emit([trailer]);
    }
    const { size } = this.#output;
    return { diffId, uncompressedSize, digest: this.#output.digest(), size };
  }

  /** Gives up. Resolves when no work runs any more. Afterwards the sink gets nothing. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.#written.catch(() => {});
  }

  #dispatch(last: boolean): void {
    const block = this.#block.subarray(0, this.#filled);
    const dictionary = this.#dictionary;
    this.#block = last ? Buffer.alloc(0) : Buffer.allocUnsafe(this.#block.length);
    this.#filled = 0;
    this.#inFlight++;
    let compressed: Promise<readonly Buffer[]>;
    if (this.#type === "gzip") {
      compressed = deflateBlock(block, dictionary, this.#level, last);
      // The block is on its thread now: hashing overlaps with compressing.
      this.#crc = zlib.crc32(block, this.#crc);
      this.#dictionary = last ? undefined : dictionaryOf(block);
    } else {
      compressed = zstdFrame(block, this.#level).then((frame) => [frame]);
    }
    this.#input.update(block);
    this.#follow(this.#append(this.#written, compressed));
  }

  #follow(written: Promise<void>): void {
    this.#written = written;
    written.catch((error: unknown) => {
      this.#failure = error;
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** Resolves or rejects when both have ended, so that no work runs after a failure. */
  async #append(before: Promise<void>, compressed: Promise<readonly Buffer[]>): Promise<void> {
    const [previous, current] = await Promise.allSettled([before, compressed]);
    if (previous.status === "rejected") throw previous.reason;
    if (current.status === "rejected") throw current.reason;
    await this.#emit(current.value);
    this.#inFlight--;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async #room(): Promise<void> {
    while (this.#inFlight >= this.#limit) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async #emit(parts: readonly Buffer[]): Promise<void> {
    for (const bytes of parts) {
      if (this.#abandoned) return;
      this.#output.update(bytes);
      await this.#sink(bytes);
    }
  }
}

/**
 * Returns everything that decides the compressed bytes of a layer, in one word: `gzip-4-v2-1.3.1`,
 * with the version of Node's zlib or zstd at the end. The word is recorded with a blob, and shows
 * that the blob would be made the same again.
 */
export function compressionRecipe(options: CompressionOptions): string {
  const { type, level } = options;
  if (type === "uncompressed") return type;
  const library = type === "gzip" ? process.versions.zlib : process.versions["zstd"];
  return `${type}-${level ?? DEFAULT_LEVEL[type]}-v${FORMAT_VERSION}-${library}`;
}

/**
 * Returns the level to use. Throws `layer/invalid-level`, and `layer/zstd-unsupported` where Node
 * has none.
 */
export function checkCompression(options: CompressionOptions): number {
  const level = checkLevel(options);
  if (options.type === "zstd" && !zstd.zstdCompress) throw zstdUnsupported();
  return level;
}

/** Returns the level to use, on any Node. Throws `layer/invalid-level`. */
export function checkLevel(options: CompressionOptions): number {
  const { type } = options;
  const level = options.level ?? DEFAULT_LEVEL[type];
  const [lowest, highest] = LEVELS[type];
  if (type !== "uncompressed" && !(Number.isInteger(level) && level >= lowest && level <= highest)) {
    throw invalidLevel(type, level, `${lowest} to ${highest}`);
  }
  return level;
}

/** Additions of Node 22.15 and newer to `node:zlib`. */
interface Zstd {
  readonly zstdCompress?: (
    data: Buffer,
    options: { readonly chunkSize: number; readonly params: Readonly<Record<number, number>> },
    callback: (error: Error | null, result: Buffer) => void,
  ) => void;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
}

const zstd = zlib as unknown as Zstd;

function zstdFrame(block: Buffer, level: number): Promise<Buffer> {
  const { zstdCompress, constants } = zstd;
  if (!zstdCompress) throw zstdUnsupported();
  const parameter = constants.ZSTD_c_compressionLevel ?? 100;
  return new Promise((resolve, reject) => {
    zstdCompress(block, { chunkSize: BLOCK_SIZE.zstd, params: { [parameter]: level } }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
}
