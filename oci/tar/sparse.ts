import { BLOCK, readNumber } from "./header.js";
import type { PaxRecord } from "./pax.js";

/** A stored range of a sparse file; everything between ranges is zeros. */
interface Region {
  readonly offset: number;
  readonly length: number;
}

/** A sparse file: its stored ranges in order, and its size when expanded. */
interface SparseMap {
  readonly regions: readonly Region[];
  readonly size: number;
}

/** A file with more regions than this is an attack on memory. */
const REGION_LIMIT = 1_000_000;

/**
 * Returns the region list of a numeric text or block, checked: ascending, inside the file, exactly
 * `stored` bytes in all.
 */
export function checkedMap(numbers: readonly number[], size: number, stored: number): SparseMap | undefined {
  const regions: Region[] = [];
  let end = 0;
  let sum = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [offset, length] = [numbers[i] as number, numbers[i + 1] as number];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < end || length < 0 || offset + length > size)
      return undefined;
    end = offset + length;
    sum += length;
    if (length > 0) regions.push({ offset, length });
  }
  return numbers.length % 2 === 0 && sum === stored && Number.isSafeInteger(size) ? { regions, size } : undefined;
}

/**
 * Sparseness by PAX records: a map in the records (0.0, 0.1), a map in front of the data (1.0), or
 * none.
 */
export type PaxSparse =
  | { readonly kind: "records"; readonly numbers: readonly number[]; readonly size: number; readonly name: string | undefined }
  | { readonly kind: "data"; readonly size: number; readonly name: string | undefined };

export function paxSparse(records: readonly PaxRecord[], text: (value: Buffer) => string): PaxSparse | undefined {
  const last = (key: string): string | undefined => {
    const record = records.findLast(([name]) => name === key);
    return record && text(record[1]);
  };
  const name = last("GNU.sparse.name");
  if (last("GNU.sparse.major") === "1" && last("GNU.sparse.minor") === "0") {
    return { kind: "data", size: decimal(last("GNU.sparse.realsize") ?? last("GNU.sparse.size")), name };
  }
  const size = last("GNU.sparse.size") ?? last("GNU.sparse.realsize");
  const map = last("GNU.sparse.map");
  if (size === undefined || last("GNU.sparse.major") !== undefined) return undefined;
  const numbers =
    map === undefined
      ? records.filter(([key]) => key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes").map(([, value]) => decimal(text(value)))
      : map.split(",").filter(Boolean).map(decimal);
  return numbers.length > 2 * REGION_LIMIT ? undefined : { kind: "records", numbers, size: decimal(size), name };
}

/**
 * Returns the four regions in an old GNU header block (type `S`), or the 21 in each block that
 * continues it.
 */
export function gnuRegions(block: Buffer, first: boolean): { readonly numbers: readonly number[]; readonly more: boolean } {
  const [start, count, flag] = first ? [386, 4, 482] : [0, 21, 504];
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * 24;
    if (block[at] === 0 || block[at + 12] === 0) break;
    numbers.push(readNumber(block, at, 12) ?? Number.NaN, readNumber(block, at + 12, 12) ?? Number.NaN);
  }
  return { numbers, more: block[flag] !== 0 };
}

/** Returns the expanded size in an old GNU sparse header. */
export function gnuRealSize(block: Buffer): number {
  return readNumber(block, 483, 12) ?? Number.NaN;
}

/**
 * Collects the map in front of the data of format 1.0: decimal lines, the first of which counts
 * regions, padded to whole blocks.
 */
export class DataMapReader {
  readonly #numbers: number[] = [];
  #rest = "";

  /**
   * Takes one block. Returns the complete map, `bad` for a broken one, or undefined when more
   * blocks are needed.
   */
  add(block: Buffer): { readonly numbers: readonly number[] } | "bad" | undefined {
    const lines = (this.#rest + block.toString("latin1")).split("\n");
    this.#rest = lines.pop() as string;
    for (const line of lines) {
      this.#numbers.push(decimal(line));
      const count = this.#numbers[0] as number;
      if (!(count <= REGION_LIMIT)) return "bad";
      if (this.#numbers.length === 1 + 2 * count) return { numbers: this.#numbers.slice(1) };
    }
    return this.#rest.length > BLOCK ? "bad" : undefined;
  }
}

const ZEROS = Buffer.alloc(65536);

/** Turns the stored bytes of a sparse file into its content. */
export class SparseExpander {
  readonly #map: SparseMap;
  #region = 0;
  #inRegion = 0;
  #position = 0;

  constructor(map: SparseMap) {
    this.#map = map;
  }

  push(chunk: Buffer, emit: (data: Buffer) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const region = this.#map.regions[this.#region] as Region;
      this.#zerosTo(region.offset + this.#inRegion, emit);
      const part = chunk.subarray(at, at + region.length - this.#inRegion);
      emit(part);
      at += part.length;
      this.#position += part.length;
      this.#inRegion += part.length;
      if (this.#inRegion === region.length) {
        this.#region++;
        this.#inRegion = 0;
      }
    }
  }

  end(emit: (data: Buffer) => void): void {
    this.#zerosTo(this.#map.size, emit);
  }

  #zerosTo(offset: number, emit: (data: Buffer) => void): void {
    while (this.#position < offset) {
      const part = ZEROS.subarray(0, Math.min(ZEROS.length, offset - this.#position));
      emit(part);
      this.#position += part.length;
    }
  }
}

function decimal(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
