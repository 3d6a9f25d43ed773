import { resultFileNotWritten } from "./errors.js";
import { realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { abortError } from "../../core/errors.js";
import { checkFileDestination } from "../../core/system/destination.js";
import { printable } from "../../core/text/printable.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment } from "../environment.js";
import type { ParsedFlags } from "./flags.js";

/** Files that a build writes beside its outputs: `--iidfile` and `--metadata-file`. */
export interface ResultFiles {
  id(imageId: string): Promise<void>;
  /** Writes the members in the order of their names. */
  metadata(members: () => Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Checks that the files can be written, before any work. Removes, as docker does, the id of an
 * earlier build at once: a build that fails leaves none.
 */
export function prepareResultFiles(flags: Pick<ParsedFlags, "one">, environment: CliEnvironment): ResultFiles {
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
    async id(imageId) {
      if (idFile !== undefined) await writeResult(idFile, imageId, "iidfile", environment);
    },
    async metadata(members) {
      if (metadataFile === undefined) return;
      const sorted = Object.entries(members()).sort(([a], [b]) => (a < b ? -1 : 1));
      const text = `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`;
      await writeResult(metadataFile, text, "metadata-file", environment);
    },
  };
}

type ResultEnvironment = Pick<CliEnvironment, "signal" | "stderr">;

/**
 * Writes a file. A link keeps pointing to the file that it names. A pipe or other special file is
 * written to directly. A wait for the reader of a pipe is shown.
 */
export async function writeResult(
  path: string,
  data: string | Uint8Array,
  flag: string,
  { signal, stderr }: ResultEnvironment,
): Promise<void> {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) writeFileAtomic(path, data);
    else if (found.isFile()) writeFileAtomic(realpathSync(path), data);
    else if (found.isFIFO()) {
      const { writePipe } = await import("../../core/system/output-pipe.js");
      await writePipe(path, data, signal, () => void stderr.write(printable(`waiting for a reader of ${path}`) + "\n"));
    } else writeFileSync(path, data);
  } catch (cause) {
    throw signal.aborted ? abortError(signal) : resultFileNotWritten(path, flag, cause);
  }
}
