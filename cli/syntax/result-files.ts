import { resultFileNotWritten } from "./errors.js";
import { realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { checkFileDestination } from "../../core/system/destination.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { type CliEnvironment, hostPath } from "../environment.js";
import type { ParsedFlags } from "./flags.js";

/** Files that a build writes beside its outputs: `--iidfile` and `--metadata-file`. */
export interface ResultFiles {
  id(imageId: string): void;
  /** Writes the members in the order of their names. */
  metadata(members: () => Readonly<Record<string, unknown>>): void;
}

/**
 * Checks that the files can be written, before any work. As docker does, removes the id of an
 * earlier build at once: a build that fails leaves none.
 */
export function prepareResultFiles(flags: ParsedFlags, environment: CliEnvironment): ResultFiles {
  const path = (flag: string): string | undefined => {
    const value = flags.one(flag);
    if (value === undefined) return undefined;
    const file = hostPath(environment, value);
    checkFileDestination(file, ` for --${flag}`);
    return file;
  };
  const idFile = path("iidfile");
  const metadataFile = path("metadata-file");
  // The link is removed, not the file that it names.
  if (idFile !== undefined && statSync(idFile, { throwIfNoEntry: false })?.isFile()) rmSync(idFile);
  return {
    id(imageId) {
      if (idFile !== undefined) write(idFile, imageId, "iidfile");
    },
    metadata(members) {
      if (metadataFile === undefined) return;
      const sorted = Object.entries(members()).sort(([a], [b]) => (a < b ? -1 : 1));
      write(metadataFile, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`, "metadata-file");
    },
  };
}

/**
 * Writes a file. A link keeps pointing to the file that it names. A pipe or other special file is
 * written to directly.
 */
function write(path: string, text: string, flag: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) writeFileAtomic(path, text);
    else if (found.isFile()) writeFileAtomic(realpathSync(path), text);
    else writeFileSync(path, text);
  } catch (cause) {
    throw resultFileNotWritten(path, flag, cause);
  }
}
