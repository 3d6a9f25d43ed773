import type { Readable } from "node:stream";

/**
 * Destroys a stream, and resolves when its file, or the generator that it reads from, is closed.
 * Note that we wait for the close, because `destroy` returns earlier. A thread that ends in between
 * drops the call that closes the file, and the file stays open as long as the process.
 */
export async function closeStream(stream: Readable): Promise<void> {
  if (stream.closed) return;
  await new Promise<void>((resolve) => {
    stream.once("close", resolve);
    // An error of the stream concerns its reader, who has left.
    stream.on("error", () => undefined);
    stream.destroy();
  });
}
