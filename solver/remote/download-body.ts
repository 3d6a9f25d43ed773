import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type HttpAnswer, readBody } from "../../net/body.js";
import { tooLarge } from "./errors.js";

/** Bytes after which a download counts as an endless stream. */
export const MAX_SIZE = 64 * 1024 ** 3;

/**
 * Yields the bytes of an answer, decompressed when the server compressed them only for the
 * transfer.
 */
export async function* downloadBody(answer: HttpAnswer, url: URL, what: string, limit = MAX_SIZE): AsyncGenerator<Uint8Array, void> {
  const encoding = answer.response.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  const body = readBody(answer, what);
  let size = 0;
  for await (const chunk of /^(x-)?gzip$/.test(encoding) ? gunzip(body, answer, what) : body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(url, limit);
    yield chunk;
  }
}

async function* gunzip(body: AsyncIterable<Uint8Array>, answer: HttpAnswer, what: string): AsyncGenerator<Uint8Array, void> {
  const inflate = createGunzip({ chunkSize: 1 << 20 });
  const feeding = pipeline(Readable.from(body, { objectMode: false }), inflate);
  // Awaited below; a failure before that must not count as unhandled.
  feeding.catch(() => undefined);
  try {
    for await (const chunk of inflate) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw answer.failures.protocol(what, { method: "GET", url: answer.url }, `sent compressed data that is damaged (${error.message})`);
    throw error;
  } finally {
    inflate.destroy();
  }
}
