import { existsSync, mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { storePaths } from "../../cache/paths.js";
import { restrictBase } from "../../cache/private-directory.js";
import { TsbuildError } from "../../core/errors.js";
import { FILE_SYSTEMS, NETWORK_FILE_SYSTEMS } from "../../core/system/file-systems.js";
import { lsetxattr } from "../../core/system/posix.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check } from "./check.js";

/** Free bytes below which the check warns. */
const LITTLE = 2e9;

const OTHER_DIRECTORY = "Choose another directory with TSBUILD_ROOT or --root, on a local disk";

/**
 * Checks the directory of the store: its file system, whether it can be written, how much room
 * there is. Leaves nothing behind, and closes the store to other users.
 */
export function storeChecks(root: string): readonly DoctorCheck[] {
  const place = nearest(root);
  const controlledBy = ["TSBUILD_ROOT", "XDG_DATA_HOME", "HOME"];
  const there = place === root ? root : `${root} (not made yet; in ${place})`;
  const problem = problemOf(root) ?? (writable(place) ? undefined : `${there} cannot be written`);
  const directory = check("store", "Store", {
    status: problem === undefined ? "ok" : "missing",
    found: problem ?? there,
    controlledBy,
    fix: problem === undefined ? undefined : OTHER_DIRECTORY,
  });
  const { type, bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  return [
    directory,
    fileSystemCheck(place, type, controlledBy),
    check("store-space", "Room for the store", {
      status: free < LITTLE ? "warning" : "ok",
      found: `${(free / 1e9).toFixed(1)} GB free`,
      controlledBy: ["TSBUILD_CACHE_BUDGET"],
      fix: free < LITTLE ? `tsbuild prune makes room. ${OTHER_DIRECTORY}` : undefined,
    }),
  ];
}

function fileSystemCheck(place: string, type: number, controlledBy: readonly string[]): DoctorCheck {
  const title = "File system of the store";
  const network = NETWORK_FILE_SYSTEMS[type];
  const kind = network ?? FILE_SYSTEMS[type] ?? `of kind 0x${type.toString(16)}`;
  if (!keepsAttributes(place)) {
    const found = `${kind}, which keeps no extended attributes (user.*): deletions in layers cannot be noted there`;
    return check("store-file-system", title, { status: "missing", found, controlledBy, fix: OTHER_DIRECTORY });
  }
  if (network === undefined) return check("store-file-system", title, { found: kind, controlledBy });
  const found = `${network}, which may not be local: locks and overlays may not work there`;
  return check("store-file-system", title, { status: "warning", found, controlledBy, fix: OTHER_DIRECTORY });
}

/**
 * Returns true when an entry of a directory can have an extended attribute. Returns true as well
 * where no entry can be made, because the check of the directory reports that.
 */
function keepsAttributes(directory: string): boolean {
  let place: string;
  try {
    place = mkdtempSync(join(directory, ".tsbuild-doctor-"));
  } catch {
    return true;
  }
  try {
    lsetxattr(place, "user.tsbuild.try", Buffer.from("1"));
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(place);
  }
}

/**
 * Returns the reason why this user cannot use an existing store; undefined when there is none.
 * Closes a store that an older version left open to other users.
 */
function problemOf(root: string): string | undefined {
  try {
    return restrictBase(storePaths(root));
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return error.message;
  }
}

/** Returns the directory, or the nearest existing one above it. */
export function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}

/**
 * Tries to make a directory, and removes it at once: permissions do not show read-only file
 * systems, nor /proc to root.
 */
export function writable(directory: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(directory, ".tsbuild-doctor-")));
    return true;
  } catch {
    return false;
  }
}
