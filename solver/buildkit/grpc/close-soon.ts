import type { Http2Stream } from "node:http2";

/**
 * Closes a stream in a later turn of the event loop. Note that we never close one at once, because
 * promises go on between two callbacks of one read, and Node then frees a stream that nghttp2 is
 * still reading: the process ends with a damaged heap.
 */
export function closeSoon(stream: Http2Stream, code: number): void {
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) stream.close(code);
  });
}
