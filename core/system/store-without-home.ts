import { storeNotPrivate, storeUnusable } from "./errors.js";
import { accessSync, constants, existsSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { systemErrorCode } from "../errors.js";
import { homeDirectory } from "./home.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** The store of a user who has no home to keep it in. */
export interface StoreWithoutHome {
  readonly path: string;
  /** Says why the store is there, as the first part of a sentence. */
  readonly reason: string;
}

/** Returns the directory of the store in a home. */
export function storeInHome(home: string): string {
  return join(home, ".local", "share", "tsbuild");
}

/**
 * Makes and returns the directory of the store for a user who names no store and has no home, or a
 * home that nothing can be made in, such as `/` for OpenShift's random users: a directory under
 * `$TMPDIR` that is closed to others. Returns undefined where the environment or a home names the
 * store. Throws `store/not-private` when another user has made that directory.
 */
export function storeWithoutHome(env: Environment, ask: typeof homeDirectory = homeDirectory): StoreWithoutHome | undefined {
  // The XDG specification says that a relative path is invalid and to be ignored.
  if (env["TSBUILD_ROOT"] || isAbsolute(env["XDG_DATA_HOME"] ?? "")) return undefined;
  const home = ask(env);
  if (home !== undefined && canHold(storeInHome(home))) return undefined;
  const reason = home === undefined ? "this user has no home" : `nothing can be written to this user's home "${home}"`;
  return { path: privateDirectory(env), reason };
}

/** Returns true when a directory is there, or can be made. */
function canHold(directory: string): boolean {
  if (existsSync(directory)) return true;
  const above = dirname(directory);
  if (!existsSync(above)) return canHold(above);
  try {
    accessSync(above, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function privateDirectory(env: Environment): string {
  const user = process.geteuid?.() ?? 0;
  const path = join(env["TMPDIR"] || tmpdir(), `tsbuild-${user}`);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (systemErrorCode(cause) !== "EEXIST") {
      throw storeUnusable(path, cause, HINT);
    }
  }
  // Another user may have made a directory of this name under /tmp first.
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o022) !== 0) {
    const why = found.isDirectory() ? "others can write to it" : "it is no directory";
    throw storeNotPrivate(path, why, HINT);
  }
  return path;
}

const HINT = "This user has no home to keep the store in: set HOME, or name a directory with TSBUILD_ROOT or --root";
