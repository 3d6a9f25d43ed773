import { badCompression, archiveUnreadable, noSuchArchive } from "./errors.js";
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, type Extract, type Header } from "tar-stream";
import { started } from "../../core/system/descriptors.js";
import type { TsbuildError } from "../../core/errors.js";
import { systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { openDecompressed, sniffFormat } from "../layer/read/decompress.js";
import { decompressorMissing } from "../layer/model/errors.js";
import { invalidTar, truncatedTar } from "../tar/errors.js";
import { BLOCK, padding } from "../tar/header.js";
import { drained } from "../../core/tasks/drained.js";

/** A member of an image archive that is being read. */
export interface ArchiveEntry {
  readonly name: string;
  readonly type: "file" | "link" | "symlink" | "other";
  /** Bytes. */
  readonly size: number;
  /** Target of a link, as stored. */
  readonly link: string | undefined;
  /** Content of the member, to be read at most once. Content that is not read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/**
 * Reads a tar once, entry after entry, with back-pressure: at most a chunk of `source` is ahead of
 * the reader. Throws `tar/invalid`, `tar/truncated`, or the error of `source`. Refuses sparse
 * files, because a few bytes of them can stand for any number of zeros.
 */
export async function* readEntries(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<ArchiveEntry, void> {
  const parser = extract({ allowUnknownFormat: true, highWaterMark: 1 } as Parameters<typeof extract>[0]);
  const entries = parser[Symbol.asyncIterator]();
  const feed = feeder(source, parser, signal);
  const explained = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step;
    } catch (error) {
      if (feed.failure !== undefined) throw feed.failure.error;
      const problem = problemOf(error as Error);
      throw problem === undefined ? truncatedTar(feed.bytes, "an entry") : invalidTar(feed.boundary, problem);
    }
  };
  feed.start();
  try {
    for (let next = await explained(entries.next()); !next.done; next = await explained(entries.next())) {
      const header = next.value.header as unknown as ReadHeader;
      const type = checkedType(header);
      const chunks = next.value[Symbol.asyncIterator]();
      // This iterator has no `return`: leaving a loop over one entry would end the whole archive.
      const content = { next: () => explained(chunks.next()) };
      yield {
        name: header.name,
        type,
        size: type === "file" ? header.size : 0,
        link: header.linkname ?? undefined,
        content: { [Symbol.asyncIterator]: () => content as AsyncIterator<Buffer> },
      };
      while (!(await content.next()).done);
    }
  } finally {
    parser.destroy();
  }
}

/** Header of an entry as the parser really returns it. */
interface ReadHeader extends Omit<Header, "type" | "linkname" | "pax"> {
  /** Null when tar-stream does not know it. */
  readonly type: Header["type"] | null;
  readonly linkname: string | null;
  /** Offset of the content. */
  readonly byteOffset: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

function checkedType({ name, type, pax, byteOffset }: ReadHeader): ArchiveEntry["type"] {
  if (type === null) throw invalidTar(byteOffset, `"${name}" of a type that image archives do not have`);
  if (Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse."))) throw invalidTar(byteOffset, `the sparse file "${name}"`);
  if (type === "file" || type === "contiguous-file") return "file";
  return type === "link" || type === "symlink" ? type : "other";
}

/**
 * Returns the fault of a header by tar-stream's message. Returns undefined when the end came too
 * early, which has several messages.
 */
function problemOf({ message }: Error): string | undefined {
  if (message.startsWith("Invalid tar header")) return "a header whose checksum is wrong";
  if (message === "Invalid header") return "an entry whose size is not valid";
  if (message === "Header exceeds max size") return "an extended header of more than 4 MiB";
  return undefined;
}

interface Feed {
  start(): void;
  /** Bytes of the source so far. */
  readonly bytes: number;
  /** Offset at which the last entry ends, and the next header begins. */
  readonly boundary: number;
  /** Error that ended the source early. */
  readonly failure: { readonly error: unknown } | undefined;
}

/**
 * Passes a source to the parser: the next piece when it has used up the last. Stops when the parser
 * is destroyed. Passes single blocks between entries, because tar-stream reads on after the end
 * marker, and whatever follows the marker has to be ignored.
 */
function feeder(source: AsyncIterable<Uint8Array>, parser: Extract, signal: AbortSignal | undefined): Feed {
  let [bytes, given, boundary, zeros, filled] = [0, 0, 0, 0, 0];
  let failure: Feed["failure"];
  const block = Buffer.alloc(BLOCK);
  parser.on("entry", (found) => {
    const { byteOffset, size, type } = found as unknown as ReadHeader;
    boundary = byteOffset + (type === "directory" ? 0 : size);
    boundary += padding(boundary);
  });
  // A copy, because sources use their buffers again while the parser still holds parts of them.
  const give = async (part: Uint8Array): Promise<void> => {
    given += part.length;
    if (!parser.write(Buffer.from(part))) await drained(parser);
  };
  const run = async (): Promise<void> => {
    for await (const chunk of source) {
      throwIfAborted(signal);
      bytes += chunk.length;
      for (let at = 0; at < chunk.length && zeros < 2; ) {
        if (parser.destroyed) return;
        const inside = boundary - given;
        if (inside > 0) {
          const part = chunk.subarray(at, at + inside);
          at += part.length;
          await give(part);
          continue;
        }
        const part = chunk.subarray(at, at + BLOCK - filled);
        block.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < BLOCK) continue;
        filled = 0;
        if (block.equals(ZERO_BLOCK)) zeros++;
        else if (zeros > 0) throw invalidTar(given, "an entry after half an end marker");
        else await give(block);
      }
    }
    if (parser.destroyed) return;
    if (filled > 0) await give(block.subarray(0, filled));
    parser.end(undefined);
  };
  return {
    start: () =>
      void run().catch((error: unknown) => {
        failure = { error };
        parser.destroy(error instanceof Error ? error : new Error(String(error)));
      }),
    get bytes() {
      return bytes;
    },
    get boundary() {
      return boundary;
    },
    get failure() {
      return failure;
    },
  };
}

const ZERO_BLOCK = Buffer.alloc(BLOCK);

/**
 * Yields the uncompressed bytes of an archive: a file, or a stream that may be compressed as well
 * (gzip, zstd, bzip2, xz).
 */
export function openArchive(source: string | Readable): AsyncIterable<Buffer> {
  if (typeof source === "string") return openFile(source);
  return decompressStream(source);
}

async function* openFile(path: string): AsyncGenerator<Buffer, void> {
  try {
    yield* openDecompressed(path);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "ENOENT") throw noSuchArchive(path, cause);
    if (code === "EACCES" || code === "EISDIR") throw archiveUnreadable(path, cause);
    throw cause;
  }
}

async function* decompressStream(source: Readable): AsyncGenerator<Buffer, void> {
  const start: Buffer[] = [];
  let size = 0;
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  const whole = async function* (): AsyncGenerator<Buffer, void> {
    yield* start;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      yield typeof next.value === "string" ? Buffer.from(next.value) : next.value;
    }
  };
  try {
    while (size < 6) {
      const { value, done } = await chunks.next();
      if (done) break;
      const chunk = typeof value === "string" ? Buffer.from(value) : value;
      start.push(chunk);
      size += chunk.length;
    }
    const format = sniffFormat(Buffer.concat(start));
    if (format === "plain") yield* whole();
    else if (format === "gzip") yield* throughGunzip(whole());
    else yield* throughProgram(whole(), format, format);
  } finally {
    // Also when the reader left before it read more than the start.
    source.destroy();
  }
}

async function* throughGunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const input = Readable.from(source, { objectMode: false });
  const decoder = createGunzip({ chunkSize: 1 << 20 });
  input.on("error", (error) => decoder.destroy(error));
  input.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (cause) {
    if (systemErrorCode(cause)?.startsWith("Z_")) throw corruptStream((cause as Error).message, cause);
    throw cause;
  } finally {
    input.destroy();
  }
}

async function* throughProgram(source: AsyncIterable<Buffer>, format: string, program: string): AsyncGenerator<Buffer, void> {
  const child = started(spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "ignore"] }));
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once("error", (error) =>
      reject(systemErrorCode(error) === "ENOENT" ? decompressorMissing("the archive", format, program) : error),
    );
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  ended.catch(() => undefined);
  const input = Readable.from(source, { objectMode: false });
  let failure: unknown;
  input.on("error", (error) => {
    failure = error;
    child.kill("SIGKILL");
  });
  // The program may end before it has read everything; its status says why.
  child.stdin.on("error", () => undefined);
  input.pipe(child.stdin);
  let finished = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    finished = true;
  } finally {
    input.destroy();
    if (!finished) child.kill("SIGKILL");
  }
  const status = await ended;
  if (failure !== undefined) throw failure;
  if (status !== 0) throw corruptStream(`${program} ended with ${status}`, undefined);
}

function corruptStream(why: string, cause: unknown): TsbuildError {
  return badCompression(why, cause);
}
