import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, type Stats, statSync } from "node:fs";
import { systemErrorCode } from "../core/errors.js";
import { makeDirectory } from "../core/system/make-directory.js";
import { foreignStore, ioError, storePathTooLong } from "./errors.js";

/** The store's directory and its versioned folder (see {@link ./paths.ts}). */
interface BasePaths {
  readonly root: string;
  readonly base: string;
}

/** Bytes of a base whose database SQLite opens: it takes 512, with the name of the journal. */
const LONGEST_BASE = 512 - "/index.db-journal".length;

/** Rights of a directory that only its owner can enter. */
const PRIVATE = 0o700;
const OF_OTHERS = 0o077;
/** Rights of directories above a store: with a umask of 0 any user could replace the store. */
const ON_THE_WAY = 0o755;

/**
 * Makes a directory of a store, with its parents. Only this function makes the versioned folder,
 * which is closed to other users whatever the umask is. Note that we close the folder, because
 * snapshots hold setuid files, and these belong to this user where this user is a container's root.
 * Directories below may have any mode.
 */
export function makeStoreDirectory(paths: BasePaths, path: string): void {
  makeDirectory(path, (part) => {
    if (part === paths.base) mkdirSync(part, PRIVATE);
    else mkdirSync(part, paths.base.startsWith(part) ? ON_THE_WAY : undefined);
  });
}

/**
 * Closes the folder of an existing store to other users, which an older tsbuild left open. Throws
 * `store/foreign` when the folder is another user's, `store/path-too-long` for a path that no
 * database can have. Returns the reason when the folder cannot be
 * closed.
 */
export function restrictBase({ base, root }: BasePaths): string | undefined {
  if (Buffer.byteLength(base) > LONGEST_BASE) throw storePathTooLong(root, LONGEST_BASE - (base.length - root.length));
  try {
    const found = lstatSync(base, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    // Root may set links for all users.
    if (found.isSymbolicLink()) {
      if (found.uid !== 0) requireOwn(root, found);
      const target = statSync(base, { throwIfNoEntry: false });
      return target && secure(root, base, target);
    }
    return secure(root, base, found);
  } catch (error) {
    throw ioError(`Cannot use "${root}" as the store`, error);
  }
}

function secure(root: string, base: string, found: Stats): string | undefined {
  if (!found.isDirectory()) return undefined;
  requireOwn(root, found);
  if ((found.mode & OF_OTHERS) === 0) return undefined;
  const fd = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    requireOwn(root, fstatSync(fd));
    fchmodSync(fd, PRIVATE);
    if ((fstatSync(fd).mode & OF_OTHERS) === 0) return undefined;
    return `Other users can read the store "${root}": its file system keeps no modes`;
  } catch (error) {
    if (systemErrorCode(error) !== "EROFS") throw error;
    return `Other users can read the store "${root}", and its file system is read-only`;
  } finally {
    closeSync(fd);
  }
}

function requireOwn(root: string, found: Stats): void {
  const user = process.geteuid?.() ?? found.uid;
  if (found.uid !== user) throw foreignStore(root, found.uid, user);
}
