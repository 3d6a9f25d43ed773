import { sourceUnreadable } from "./errors.js";
import { checkTextSize } from "./read-text.js";

/**
 * Reads a whole stream as the text of a Dockerfile. Throws `dockerfile/unreadable` as soon as it is
 * too long.
 */
export async function collectText(stream: AsyncIterable<unknown>, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    checkDockerfileSize(size, name);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Throws `dockerfile/unreadable` when a Dockerfile of `size` bytes is too long. */
export function checkDockerfileSize(size: number, name: string): void {
  try {
    checkTextSize(size);
  } catch (cause) {
    throw sourceUnreadable(name, cause);
  }
}
