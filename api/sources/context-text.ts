import { constants, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode, TsbuildError } from "../../core/errors.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import { fsPath } from "../../core/system/path-bytes.js";
import { LocalTree } from "../../solver/ops/local/local-tree.js";
import { InputError, OPEN_INPUT } from "../../core/system/regular-file.js";
import { readRegularText } from "./read-text.js";

/** A text of a context, with its place. */
interface ContextText {
  readonly text: string;
  /** Absolute path of the file that was read, behind the context's links. */
  readonly file: string;
}

/**
 * Reads a file of a directory that is a build context, as COPY would find it: links are followed
 * inside the directory, an absolute one from its top. Returns undefined when nothing has this name.
 * Throws {@link InputError}, or the system's error. Note that no file of the machine can be read
 * through a context, because its author is not always the builder: errors show lines of the text,
 * and steps see it.
 */
export function readContextText(directory: string, name: string): ContextText | undefined {
  const path = join(directory, name);
  try {
    // A name in the top directory can only be a link itself, which the open call shows.
    if (!name.includes("/")) return read(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (systemErrorCode(error) !== "ELOOP") throw error;
  }
  const found = follow(directory, name);
  try {
    if (found !== undefined) return read(join(directory, found));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const target = linkTarget(path);
  if (target === undefined) return undefined;
  throw new InputError(`it is a link to "${target}", where there is nothing inside the build context`);
}

function read(path: string): ContextText {
  return { text: readRegularText(fsPath(path), OPEN_INPUT | constants.O_NOFOLLOW), file: path };
}

/** Returns the target of a name inside the directory; undefined when nothing is there. */
function follow(directory: string, name: string): string | undefined {
  try {
    const { path, node } = resolvePath(new LocalTree(directory), name);
    return node && path;
  } catch (error) {
    if (error instanceof TsbuildError && error.code === "layer/symlink-loop") throw new InputError("its links lead in a circle");
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
