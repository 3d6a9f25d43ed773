import { BLOCK, readHeader } from "../../tar/header.js";
import { sniffFormat } from "./decompress.js";

/**
 * Returns true for the start of a possible tar archive, plain or compressed. `start` is the first
 * block of a file, or the whole of a smaller one.
 */
export function looksLikeArchive(start: Buffer): boolean {
  return sniffFormat(start) !== "plain" || (start.length >= BLOCK && readHeader(start.subarray(0, BLOCK)) !== "bad checksum");
}
