import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { systemErrorCode, TsbuildError } from "../errors.js";
import { systemReason } from "./system-reason.js";
import { homeDirectory } from "./home.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes and returns the place of the store for a user who has no home and names no store: a directory under `$TMPDIR` that is closed to others. Returns
 * undefined where the environment or a home says where the store is. Throws `store/not-private` when somebody else has made that directory.
 */
export function homelessStore(env: Environment, home: typeof homeDirectory = homeDirectory): string | undefined {
  // The XDG specification: a relative path is invalid and to be ignored.
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
  // In a directory for everybody others may have been first.
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o022) !== 0) {
    const why = found.isDirectory() ? "others can write to it" : "it is no directory";
    throw new TsbuildError("store/not-private", `Cannot use "${path}" as the store: ${why}`, { hint: HINT });
  }
  return path;
}

const HINT = "This user has no home: set HOME, or name a directory with TSBUILD_ROOT or --root";
