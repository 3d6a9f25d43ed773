import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { makeDirectory } from "./make-directory.js";
import { removeAbandoned, temporaryName } from "./temporary-files.js";
import { writeAll } from "./write-all.js";

/**
 * Writes a file so that readers see the old content or the new one, never a part: writes a
 * temporary file beside it, then renames it. Makes parent directories by `makeParents`. `durable`
 * also syncs the file, so that it survives a power cut. Removes the temporary files of killed
 * processes first, unless `tidy` is false.
 */
export function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: {
    readonly mode?: number;
    readonly durable?: boolean;
    readonly makeParents?: (directory: string) => void;
    readonly tidy?: boolean;
  } = {},
): void {
  (options.makeParents ?? makeDirectory)(dirname(path));
  if (options.tidy ?? true) removeAbandoned(dirname(path));
  const temporary = temporaryName(dirname(path), basename(path));
  try {
    const fd = openSync(temporary, "wx", options.mode ?? 0o644);
    try {
      writeAll(fd, typeof data === "string" ? Buffer.from(data) : data);
      if (options.durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
