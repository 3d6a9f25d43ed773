import * as zlib from "node:zlib";
import { isIncompressible, PIECE_SIZE } from "./incompressible.js";

/** How far back deflate can refer. */
const WINDOW = 32768;

/** Most bytes of a stored block of deflate. */
const STORED = 65535;

/** Least room for the output of a deflate; it is given as much as its input takes. */
const ROOM = 1024;

/**
 * Raw deflate of one block of a stream, on libuv's threads, in parts that follow one another; they end at a byte, so the next block's can be appended.
 * `dictionary` is what came before in the stream. Pieces that would not get smaller are stored as they are, which takes no time.
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

/** What the next block may refer to. */
export function dictionaryOf(block: Buffer): Buffer {
  return block.subarray(Math.max(0, block.length - WINDOW));
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly stored: boolean;
}

/** A block as runs of pieces that are treated alike. What is shorter than a piece is deflated. */
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

/** RFC 1951, section 3.2.4. Follows something that ended at a byte. */
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
