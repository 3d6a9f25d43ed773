import { spawn } from "node:child_process";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { type Duplex, pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { started } from "../../../core/system/descriptors.js";
import { closeStream } from "../../../core/tasks/close-stream.js";
import { systemErrorCode } from "../../../core/errors.js";
import { corruptLayer, decompressorMissing } from "../model/errors.js";
import { type Growing, readGrowing } from "../model/growing-file.js";
import { ZstdFrames } from "./zstd-frames.js";

type StreamFormat = "gzip" | "zstd" | "bzip2" | "xz" | "plain";

/** Bytes of one read and of one decompressed chunk. */
const CHUNK = 1 << 20;

/**
 * Returns the format by its first bytes (at least 6, fewer only at the end of a file). Any unknown
 * format counts as plain.
 */
export function sniffFormat(start: Uint8Array): StreamFormat {
  const is = (...bytes: readonly number[]) => bytes.every((byte, i) => start[i] === byte);
  if (is(0x1f, 0x8b)) return "gzip";
  if (is(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18) return "zstd";
  if (is(0x42, 0x5a, 0x68) && (start[3] ?? 0) >= 0x31 && (start[3] ?? 0) <= 0x39) return "bzip2";
  if (is(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "plain";
}

/** Returns the format of a file. */
export function fileFormat(path: string): StreamFormat {
  const fd = openSync(path, "r");
  try {
    const start = Buffer.alloc(6);
    return sniffFormat(start.subarray(0, readSync(fd, start, 0, 6, 0)));
  } finally {
    closeSync(fd);
  }
}

/**
 * Yields the uncompressed bytes of a file in any format, which the content shows, never the name or
 * media type. This process reads gzip and plain blobs, and zstd where Node can (22.15). The
 * system's programs read bzip2, xz and, for older Nodes, zstd. Leaving the loop early stops
 * everything. Throws `layer/corrupt`, `layer/decompressor-missing`.
 */
export function openDecompressed(path: string): AsyncIterable<Buffer> {
  const format = fileFormat(path);
  switch (format) {
    case "plain":
      return readPlain(path);
    case "gzip":
      return through(path, () => readFile(path), zlib.createGunzip({ chunkSize: CHUNK }));
    case "zstd": {
      const { createZstdDecompress } = zlib as ZstdDecoder;
      return createZstdDecompress ? decodeZstd(path, createZstdDecompress) : throughCommand(path, format, "zstd");
    }
    case "bzip2":
    case "xz":
      return throughCommand(path, format, format);
  }
}

/**
 * Yields the uncompressed bytes of a file that is still being written, in the formats that this
 * process reads itself (plain, gzip). Throws for others; {@link openDecompressed} can read the
 * complete file.
 */
export async function* decompressGrowing(path: string, growing: Growing): AsyncGenerator<Buffer, void> {
  let left = false;
  const chunks = readGrowing(path, { ...growing, stopped: () => left || growing.stopped() });
  try {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < 6) {
      const next = await chunks.next();
      if (next.done) break;
      start = Buffer.concat([start, next.value]);
    }
    const format = sniffFormat(start);
    const whole = async function* (): AsyncGenerator<Buffer, void> {
      yield start;
      yield* chunks;
    };
    if (format === "plain") yield* whole();
    else if (format === "gzip") {
      const source = () => Readable.from(whole(), { objectMode: false });
      yield* through(path, source, zlib.createGunzip({ chunkSize: CHUNK }), () => (left = true));
    } else throw new Error(`internal: a ${format} stream cannot be read while it is written`);
  } finally {
    // A reader that leaves at the first chunk has not come to those that close the file.
    left = true;
    await chunks.return();
  }
}

/**
 * Opens a file. Note that we open it at once, because a thread that ends closes what was opened so,
 * but forgets files whose opening is under way.
 */
function readFile(path: string): Readable {
  return createReadStream(path, { fd: openSync(path, "r"), highWaterMark: CHUNK });
}

/**
 * Reads synchronously, which is twice as fast as a stream. The consumer waits for no other input.
 */
async function* readPlain(path: string): AsyncIterable<Buffer> {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const size = readSync(fd, buffer, 0, CHUNK, null);
      if (size === 0) return;
      yield buffer.subarray(0, size);
    }
  } finally {
    closeSync(fd);
  }
}

/** Calls `onLeave` before it waits for the end of its source. */
async function* through(path: string, open: () => Readable, decoder: Duplex, onLeave?: () => void): AsyncIterable<Buffer> {
  const source = open();
  pipeline(source, decoder, () => {});
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof Error && code && /^(Z_|ZSTD_)/.test(code)) throw corruptLayer(path, error.message, error);
    throw error;
  } finally {
    onLeave?.();
    await closeStream(source);
  }
}

/** Additions of Node 22.15 and newer to `node:zlib`. */
interface ZstdDecoder {
  readonly createZstdDecompress?: (options: { readonly chunkSize: number }) => Duplex;
}

async function* decodeZstd(path: string, createDecoder: (options: { readonly chunkSize: number }) => Duplex): AsyncIterable<Buffer> {
  const frames = new ZstdFrames();
  const queue: (Buffer | "end")[] = [];
  const source = readFile(path);
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next = async (): Promise<Buffer | "end" | undefined> => {
    while (queue.length === 0) {
      const { value, done } = await chunks.next();
      if (done) return undefined;
      const problem = frames.push(
        value,
        (part) => queue.push(part),
        () => queue.push("end"),
      );
      if (problem !== undefined) throw corruptLayer(path, problem);
    }
    return queue.shift();
  };
  async function* frame(first: Buffer): AsyncIterable<Buffer> {
    for (let part: Buffer | "end" | undefined = first; part !== "end"; part = await next()) {
      if (part === undefined) throw corruptLayer(path, "it ends in the middle of a zstd frame");
      yield part;
    }
  }
  try {
    for (let part = await next(); part !== undefined; part = await next()) {
      if (part !== "end")
        yield* through(path, () => Readable.from(frame(part), { objectMode: false }), createDecoder({ chunkSize: CHUNK }));
    }
    if (!frames.complete) throw corruptLayer(path, "it ends in the middle of a zstd frame");
  } finally {
    await closeStream(source);
  }
}

async function* throughCommand(path: string, format: StreamFormat, command: string): AsyncIterable<Buffer> {
  const fd = openSync(path, "r");
  const child = spawn(command, ["-dc"], { stdio: [fd, "pipe", "pipe"] });
  closeSync(fd);
  started(child);
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("internal: a decompressor was started without pipes");
  let problem = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    problem = (problem + text).slice(-1000);
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", (error) => reject(systemErrorCode(error) === "ENOENT" ? decompressorMissing(path, format, command) : error));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  // Awaited below. A failure to start must not count as unhandled until then.
  ended.catch(() => {});
  let finished = false;
  try {
    for await (const chunk of stdout) yield chunk as Buffer;
    finished = true;
  } finally {
    if (!finished) child.kill("SIGKILL");
  }
  const status = await ended;
  if (status !== 0) throw corruptLayer(path, problem.trim() || `${command} ended with ${status}`);
}
