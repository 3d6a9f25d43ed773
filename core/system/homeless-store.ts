import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { systemErrorCode, TsbuildError } from "../errors.js";
import { systemReason } from "./system-reason.js";
import { homeDirectory } from "./home.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes and returns the directory of the store for a user who has no home and names no store: a
 * directory under `$TMPDIR` that is closed to others. Returns undefined where the environment or a
 * home names the store. Throws `store/not-private` when another user has made that directory.
 */
export function homelessStore(env: Environment, home: typeof homeDirectory = homeDirectory): string | undefined {
  // The XDG specification says that a relative path is invalid and to be ignored.
  if (env["TSBUILD_ROOT"] || isAbsolute(env["XDG_DATA_HOME"] ?? "") || home(env) !== undefined) return undefined;
  const user = process.geteuid?.() ?? 0;
  const path = join(env["TMPDIR"] || tmpdir(), `tsbuild-${user}`);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (systemErrorCode(cause) !== "EEXIST") {
      throw new TsbuildError("store/not-private", `Cannot use "${path}" as the store: ${systemReason(cause)}`, { hint: HINT, cause });
    }
  }
  // Another user may have made a directory of this name under /tmp first.
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o022) !== 0) {
    const why = found.isDirectory() ? "others can write to it" : "it is no directory";
    throw new TsbuildError("store/not-private", `Cannot use "${path}" as the store: ${why}`, { hint: HINT });
  }
  return path;
}

const HINT = "This user has no home: set HOME, or name a directory with TSBUILD_ROOT or --root";
