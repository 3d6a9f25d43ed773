import { readSync } from "node:fs";
import { type Digest, Hasher } from "../digest.js";

/** Returns the digest of the rest of an open file. `buffer` is scratch space. */
export function hashOpenFile(fd: number, buffer: Buffer): Digest {
  const hasher = new Hasher();
  for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hasher.update(buffer.subarray(0, read));
  return hasher.digest();
}
