import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { systemErrorCode, throwIfAborted, TsbuildError } from "../../core/errors.js";
import { openDecompressed, sniffFormat } from "../layer/decompress.js";
import { decompressorMissing } from "../layer/errors.js";
import type { TarHeader } from "../tar/header.js";
import { TarParser } from "../tar/reader.js";

/** An entry of an archive that is being read. */
export interface ArchiveEntry {
  readonly header: TarHeader;
  /** Its bytes, in chunks that are valid until the next one is asked for. What is not read is skipped. Once only. */
  readonly content: AsyncIterable<Buffer>;
}

type Event =
  | { readonly kind: "entry"; readonly header: TarHeader }
  | { readonly kind: "data"; readonly chunk: Buffer }
  | { readonly kind: "end" };

/** Reads a tar once, entry after entry, with back-pressure. Throws `tar/invalid`, `tar/truncated`, or what `source` throws. */
export async function* readEntries(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<ArchiveEntry, void> {
  let queue: Event[] = [];
  let position = 0;
  const parser = new TarParser({
    entry: (header) => queue.push({ kind: "entry", header }),
    data: (chunk) => queue.push({ kind: "data", chunk }),
    end: () => queue.push({ kind: "end" }),
  });
  const chunks = source[Symbol.asyncIterator]();
  // The parser's chunks are parts of the pushed one, so all of them are used up before the next is pushed.
  const next = async (): Promise<Event | undefined> => {
    while (position === queue.length) {
      throwIfAborted(signal);
      const { value, done } = await chunks.next();
      queue = [];
      position = 0;
      if (done) {
        parser.finish();
        return undefined;
      }
      parser.push(Buffer.from(value.buffer, value.byteOffset, value.length));
    }
    return queue[position++];
  };
  try {
    for (let event = await next(); event !== undefined; event = await next()) {
      if (event.kind !== "entry") throw new Error("internal: tar content without an entry");
      let open = true;
      const read = async (): Promise<Buffer | undefined> => {
        if (!open) return undefined;
        const part = await next();
        if (part?.kind === "data") return part.chunk;
        open = false;
        return undefined;
      };
      yield {
        header: event.header,
        content: {
          async *[Symbol.asyncIterator]() {
            for (let chunk = await read(); chunk !== undefined; chunk = await read()) yield chunk;
          },
        },
      };
      while ((await read()) !== undefined);
    }
  } finally {
    await chunks.return?.();
  }
}

/** The uncompressed bytes of an archive: a file, or a stream that may be compressed as well (gzip, zstd, bzip2, xz). */
export function openArchive(source: string | Readable): AsyncIterable<Buffer> {
  if (typeof source === "string") return openFile(source);
  return decompressStream(source);
}

async function* openFile(path: string): AsyncGenerator<Buffer, void> {
  try {
    yield* openDecompressed(path);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "ENOENT") throw new TsbuildError("images/no-such-file", `Cannot load "${path}": there is no such file`, { cause });
    if (code === "EACCES" || code === "EISDIR")
      throw new TsbuildError("images/unreadable", `Cannot load "${path}": ${(cause as Error).message}`, { cause });
    throw cause;
  }
}

async function* decompressStream(source: Readable): AsyncGenerator<Buffer, void> {
  const start: Buffer[] = [];
  let size = 0;
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  while (size < 6) {
    const { value, done } = await chunks.next();
    if (done) break;
    const chunk = typeof value === "string" ? Buffer.from(value) : value;
    start.push(chunk);
    size += chunk.length;
  }
  const whole = async function* (): AsyncGenerator<Buffer, void> {
    try {
      yield* start;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
        yield typeof next.value === "string" ? Buffer.from(next.value) : next.value;
      }
    } finally {
      await chunks.return?.();
    }
  };
  const format = sniffFormat(Buffer.concat(start));
  if (format === "plain") yield* whole();
  else if (format === "gzip") yield* throughGunzip(whole());
  else yield* throughProgram(whole(), format, format);
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
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "ignore"] });
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
  // The program may end before it has read everything; its status tells why.
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
  return new TsbuildError("images/corrupt-archive", `Cannot decompress the archive: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "The archive is damaged or incomplete",
  });
}
