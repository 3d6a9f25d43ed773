import type { Rootfs } from "./vertex.js";
import type { WriteOptions } from "./wire/public.js";

/** Returns a graph as the bytes of BuildKit's `pb.Definition`. Equal graphs have equal bytes. */
export async function encodeDefinition(root: Rootfs, options: WriteOptions): Promise<Uint8Array> {
  return (await import("./wire/write/write-definition.js")).writeDefinition(root, options).bytes;
}
