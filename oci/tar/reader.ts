import { decodePath } from "../../core/system/path-bytes.js";
import { invalidTar, truncatedTar } from "./errors.js";
import { BLOCK, padding, type RawHeader, readHeader, type TarHeader } from "./header.js";
import { type Extensions, mergeHeader, number } from "./merge-header.js";
import { type PaxRecord, parsePax } from "./pax.js";
import { checkedMap, DataMapReader, gnuRealSize, gnuRegions, type PaxSparse, paxSparse, SparseExpander } from "./sparse.js";

/**
 * Receives an archive while it is parsed. Every call is synchronous; `data` is only valid during
 * the call.
 */
export interface TarHandler {
  /**
   * Receives the next entry. `start` is the offset of its content in the archive, undefined for a
   * file that is stored in pieces (sparse).
   */
  entry(header: TarHeader, start: number | undefined): void;
  /**
   * Receives content of the last entry, in order; together exactly `size` bytes. Not called for
   * empty files.
   */
  data(chunk: Buffer): void;
  /** Ends the last entry. Called for every entry. */
  end(): void;
}

/** Bytes that an extended header or a long name may have, as in Go's reader. */
const EXTENSION_LIMIT = 1 << 20;

const NONE: Extensions = { pax: [] };

type State =
  | { readonly kind: "header" }
  /** The parser collects a block that continues the header and passes it to `done`. */
  | { readonly kind: "block"; readonly done: (block: Buffer) => void }
  | { readonly kind: "extension"; readonly body: Buffer; filled: number; readonly done: (body: Buffer) => void }
  | { readonly kind: "content"; left: number; readonly sparse: SparseExpander | undefined }
  | { readonly kind: "padding"; left: number }
  | { readonly kind: "ended" };

const HEADER: State = { kind: "header" };

/**
 * Parses ustar, PAX, GNU (long names, base-256 numbers, sparse files) and old archives from chunks
 * of any size. Ignores global PAX headers, as the container engines do, and everything after the
 * end marker. Errors are `tar/invalid` and `tar/truncated`.
 */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #partial = Buffer.allocUnsafe(BLOCK);
  #partialSize = 0;
  #state: State = HEADER;
  #extensions: Extensions = NONE;
  #zeroBlocks = 0;
  /** Bytes consumed so far. */
  #offset = 0;
  /** Offset of the end of the block that is being parsed. */
  #blockEnd = 0;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const used = this.#step(chunk, at);
      at += used;
      this.#offset += used;
    }
  }

  /** Ends the archive. Accepts an archive without an end marker when it ends between entries. */
  finish(): void {
    const { kind } = this.#state;
    if (kind === "ended") return;
    if (kind === "padding") return;
    if (kind !== "header" || this.#partialSize > 0) throw truncatedTar(this.#offset, kind === "content" ? "a file" : "a header");
    if (this.#extensions !== NONE) throw truncatedTar(this.#offset, "a header");
  }

  /** Consumes some bytes of `chunk` from `at`, and returns how many. */
  #step(chunk: Buffer, at: number): number {
    const state = this.#state;
    const available = chunk.length - at;
    switch (state.kind) {
      case "ended":
        return available;
      case "padding": {
        const used = Math.min(available, state.left);
        state.left -= used;
        if (state.left === 0) this.#state = HEADER;
        return used;
      }
      case "content": {
        const used = Math.min(available, state.left);
        const part = chunk.subarray(at, at + used);
        if (state.sparse) state.sparse.push(part, (data) => this.#handler.data(data));
        else this.#handler.data(part);
        state.left -= used;
        if (state.left === 0) this.#contentDone(state.sparse);
        return used;
      }
      case "extension": {
        const used = chunk.copy(state.body, state.filled, at, Math.min(chunk.length, at + state.body.length - state.filled));
        state.filled += used;
        if (state.filled === state.body.length) state.done(state.body);
        return used;
      }
      case "header":
      case "block": {
        if (this.#partialSize === 0 && available >= BLOCK) {
          this.#blockEnd = this.#offset + BLOCK;
          this.#block(state, chunk.subarray(at, at + BLOCK));
          return BLOCK;
        }
        const used = chunk.copy(this.#partial, this.#partialSize, at, Math.min(chunk.length, at + BLOCK - this.#partialSize));
        this.#partialSize += used;
        if (this.#partialSize === BLOCK) {
          this.#partialSize = 0;
          this.#blockEnd = this.#offset + used;
          this.#block(state, this.#partial);
        }
        return used;
      }
    }
  }

  #block(state: State, block: Buffer): void {
    if (state.kind === "block") {
      state.done(block);
      return;
    }
    if (isZero(block)) {
      this.#zeroBlocks++;
      if (this.#zeroBlocks === 2) this.#state = { kind: "ended" };
      return;
    }
    const raw = readHeader(block);
    if (raw === "bad checksum") throw invalidTar(this.#offset, "a header whose checksum is wrong");
    if (this.#zeroBlocks > 0) throw invalidTar(this.#offset, "an entry after half an end marker");
    switch (raw.typeflag) {
      case "x":
      case "X":
        this.#extension(raw, (body) => {
          this.#extensions = { ...this.#extensions, pax: this.#pax(body) };
        });
        return;
      case "g":
        this.#extension(raw, (body) => {
          this.#pax(body);
        });
        return;
      case "L":
        this.#extension(raw, (body) => {
          this.#extensions = { ...this.#extensions, longName: untilNul(body) };
        });
        return;
      case "K":
        this.#extension(raw, (body) => {
          this.#extensions = { ...this.#extensions, longLink: untilNul(body) };
        });
        return;
      default:
        this.#entry(raw, block);
    }
  }

  #pax(body: Buffer): readonly PaxRecord[] {
    const records = parsePax(body);
    if ("problem" in records) throw invalidTar(this.#offset, records.problem);
    return records;
  }

  #extension(raw: RawHeader, done: (body: Buffer) => void): void {
    const size = number(raw.size, "size", this.#fail);
    if (size > EXTENSION_LIMIT) throw invalidTar(this.#offset, `an extended header of ${size} bytes`);
    const finish = (body: Buffer) => {
      done(body);
      this.#pad(size);
    };
    if (size === 0) finish(Buffer.alloc(0));
    else this.#state = { kind: "extension", body: Buffer.allocUnsafe(size), filled: 0, done: finish };
  }

  #entry(raw: RawHeader, block: Buffer): void {
    const extensions = this.#extensions;
    this.#extensions = NONE;
    const merged = mergeHeader(raw, extensions, this.#fail);
    const sparse = merged.type === "file" ? paxSparse(extensions.pax, decodePath) : undefined;
    if (raw.typeflag === "S") this.#gnuSparse(merged, block);
    else if (sparse) this.#paxSparse(merged, sparse);
    else this.#begin(merged, merged.size, undefined);
  }

  #gnuSparse(header: TarHeader, block: Buffer): void {
    const size = gnuRealSize(block);
    const numbers: number[] = [];
    const take = (part: Buffer, first: boolean): void => {
      const found = gnuRegions(part, first);
      numbers.push(...found.numbers);
      if (numbers.length > 2_000_000) this.#badMap();
      if (found.more) this.#state = { kind: "block", done: (next) => take(next, false) };
      else this.#beginSparse(header, header.name, numbers, size, header.size);
    };
    take(block, true);
  }

  #paxSparse(header: TarHeader, sparse: PaxSparse): void {
    const name = sparse.name ?? header.name;
    if (sparse.kind === "records") {
      this.#beginSparse(header, name, sparse.numbers, sparse.size, header.size);
      return;
    }
    const map = new DataMapReader();
    const take = (block: Buffer): void => {
      const found = map.add(block);
      if (found === "bad") this.#badMap();
      left -= BLOCK;
      if (found) this.#beginSparse(header, name, found.numbers, sparse.size, left);
      else if (left < BLOCK) this.#badMap();
    };
    let left = header.size;
    if (left < BLOCK) this.#badMap();
    this.#state = { kind: "block", done: take };
  }

  #beginSparse(header: TarHeader, name: string, numbers: readonly number[], size: number, stored: number): void {
    const map = checkedMap(numbers, size, stored) ?? this.#badMap();
    this.#begin({ ...header, name, size }, stored, new SparseExpander(map));
  }

  #begin(header: TarHeader, stored: number, sparse: SparseExpander | undefined): void {
    this.#handler.entry(header, sparse ? undefined : this.#blockEnd);
    this.#storedSize = stored;
    if (stored === 0) this.#contentDone(sparse);
    else this.#state = { kind: "content", left: stored, sparse };
  }

  #storedSize = 0;

  #contentDone(sparse: SparseExpander | undefined): void {
    sparse?.end((data) => this.#handler.data(data));
    this.#handler.end();
    this.#pad(this.#storedSize);
  }

  #pad(size: number): void {
    const left = padding(size);
    this.#state = left === 0 ? HEADER : { kind: "padding", left };
  }

  readonly #fail = (found: string): never => {
    throw invalidTar(this.#offset, found);
  };

  #badMap(): never {
    return this.#fail("an entry whose sparse map is not valid");
  }
}

const ZERO_BLOCK = Buffer.alloc(BLOCK);

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZERO_BLOCK);
}

function untilNul(body: Buffer): string {
  const end = body.indexOf(0);
  return decodePath(end === -1 ? body : body.subarray(0, end));
}
