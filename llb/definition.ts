import type { Rootfs } from "./vertex.js";
import type { WriteOptions } from "./wire/public.js";

/** Returns a graph as the bytes of BuildKit's `pb.Definition`. Equal graphs have equal bytes. */
export async function encodeDefinition(root: Rootfs, options: WriteOptions): Promise<Uint8Array> {
  return (await import("./wire/write/write-definition.js")).writeDefinition(root, options).bytes;
}

/**
 * Reads the bytes of BuildKit's `pb.Definition`, which may be anybody's: what tsbuild cannot solve
 * is refused by name. Images are as they are named there, with or without a digest.
 */
export async function decodeDefinition(bytes: Uint8Array): Promise<Rootfs> {
  return (await import("./wire/read/read-definition.js")).readDefinition(bytes);
}
