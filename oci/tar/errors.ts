import { TsbuildError } from "../../core/errors.js";

/**
 * Returns the error for an archive that breaks the format at `offset` (bytes of the uncompressed
 * stream).
 */
export function invalidTar(offset: number, found: string): TsbuildError {
  return new TsbuildError("tar/invalid", `Cannot read the archive: ${found} (at byte ${offset})`, {
    hint: "The file is damaged or is not a tar archive; `tar -tvf` shows how far it can be read",
  });
}

export function truncatedTar(offset: number, inside: string): TsbuildError {
  return new TsbuildError("tar/truncated", `Cannot read the archive: it ends after ${offset} bytes in the middle of ${inside}`, {
    hint: "The file was not written or downloaded completely",
  });
}
