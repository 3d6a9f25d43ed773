import { BLOCK, readHeader } from "../../tar/header.js";
import { sniffFormat } from "./decompress.js";

/** Whether a file that starts so may be a tar archive, plain or compressed. `start` is its first block, or all of a smaller file. */
export function looksLikeArchive(start: Buffer): boolean {
  return sniffFormat(start) !== "plain" || (start.length >= BLOCK && readHeader(start.subarray(0, BLOCK)) !== "bad checksum");
}
