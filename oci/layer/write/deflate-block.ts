import * as zlib from "node:zlib";
import { isIncompressible, PIECE_SIZE } from "./incompressible.js";

/** Bytes that deflate can refer back to. */
const WINDOW = 32768;

/** Most bytes of a stored block of deflate. */
const STORED = 65535;

/** Least room for the output of a deflate. Usually it equals the input. */
const ROOM = 1024;

/**
 * Deflates one block of a stream raw, on libuv's threads, in parts that follow one another. A part
 * ends at a byte, so the next block's parts can be appended. `dictionary` is the end of the stream
 * before. Stores pieces that would not get smaller, which takes no time.
 */
export function deflateBlock(block: Buffer, dictionary: Buffer | undefined, level: number, last: boolean): Promise<readonly Buffer[]> {
  return Promise.all(
    runsOf(block, level).map(async ({ start, end, stored }) => {
      const bytes = block.subarray(start, end);
      const ends = last && end === block.length;
      if (stored) return storedBlocks(bytes, ends);
      return deflateRun(bytes, start === 0 ? dictionary : block.subarray(Math.max(0, start - WINDOW), start), level, ends);
    }),
  );
}

/** Returns the bytes that the next block may refer to. */
export function dictionaryOf(block: Buffer): Buffer {
  return block.subarray(Math.max(0, block.length - WINDOW));
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly stored: boolean;
}

/**
 * Splits a block into runs of pieces that are treated alike. Deflates anything shorter than a
 * piece.
 */
function runsOf(block: Buffer, level: number): readonly Run[] {
  if (level === 0) return [{ start: 0, end: block.length, stored: false }];
  const runs: Run[] = [];
  let start = 0;
  let stored = false;
  for (let at = 0; at + PIECE_SIZE <= block.length; at += PIECE_SIZE) {
    const store = isIncompressible(block.subarray(at, at + PIECE_SIZE));
    if (store === stored) continue;
    if (at > start) runs.push({ start, end: at, stored });
    [start, stored] = [at, store];
  }
  const whole = block.length - (block.length % PIECE_SIZE);
  if (stored && whole < block.length) {
    runs.push({ start, end: whole, stored });
    [start, stored] = [whole, false];
  }
  runs.push({ start, end: block.length, stored });
  return runs;
}

/** Returns stored blocks (RFC 1951, section 3.2.4) for bytes that begin at a byte boundary. */
function storedBlocks(bytes: Buffer, last: boolean): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + 5 * Math.ceil(bytes.length / STORED));
  let filled = 0;
  for (let at = 0; at < bytes.length; at += STORED) {
    const length = Math.min(STORED, bytes.length - at);
    filled = out.writeUInt8(last && at + length === bytes.length ? 1 : 0, filled);
    filled = out.writeUInt16LE(length, filled);
    filled = out.writeUInt16LE(length ^ 0xffff, filled);
    filled += bytes.copy(out, filled, at, at + length);
  }
  return out;
}

function deflateRun(bytes: Buffer, dictionary: Buffer | undefined, level: number, last: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.deflateRaw(
      bytes,
      {
        level,
        chunkSize: Math.max(ROOM, bytes.length),
        finishFlush: last ? zlib.constants.Z_FINISH : zlib.constants.Z_SYNC_FLUSH,
        ...(dictionary === undefined ? {} : { dictionary }),
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
  });
}
