import { Readable } from "node:stream";
import { closeStream } from "../core/tasks/close-stream.js";

/** Bytes, or a function that opens them again for each attempt. Streams need their `size`. */
export type UploadBody = Uint8Array | { readonly size: number; open(): AsyncIterable<Uint8Array> };

/** Observes how a server takes a body. */
interface UploadWatch {
  forBody(): void;
  pause(): void;
  forAnswer(size: number): void;
}

export interface Upload {
  readonly size: number;
  readonly body: Buffer | Readable;
  /** False for a body that is in memory as a whole. */
  readonly streams: boolean;
  /** Returns the error of the body's source, if it failed. */
  fault(): unknown;
  /** Gives the body up, and waits until its source is closed. */
  close(): Promise<void>;
}

/**
 * Bytes that are passed on at once. A server that takes fewer within the limit counts as stalled,
 * so the pieces are small.
 */
const PIECE = 64 << 10;
/** Bytes that are read ahead of the connection. */
const AHEAD = 256 << 10;

/**
 * Makes a body for fetch that reports to `watch` when its bytes wait for the network, and when all
 * bytes were sent.
 */
export function openUpload(body: UploadBody, watch: UploadWatch): Upload {
  if (body instanceof Uint8Array) {
    return {
      size: body.length,
      body: Buffer.from(body.buffer, body.byteOffset, body.length),
      streams: false,
      fault: () => undefined,
      close: async () => undefined,
    };
  }
  let fault: unknown;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body.open()) {
        for (let at = 0; at < chunk.length; at += PIECE) {
          watch.forBody();
          yield chunk.subarray(at, at + PIECE);
        }
        watch.pause();
      }
    } catch (error) {
      fault = error;
      throw error;
    }
    watch.forAnswer(body.size);
  };
  const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: AHEAD });
  return { size: body.size, body: stream, streams: true, fault: () => fault, close: () => closeStream(stream) };
}
