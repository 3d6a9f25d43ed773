import type { Digest } from "../core/digest.js";
import { isOutOfDescriptors, lacksDescriptors, outOfDescriptors } from "../core/system/descriptors.js";
import { diskFull } from "../core/system/errors.js";
import { systemErrorCode, TsbuildError } from "../core/errors.js";

const OTHER_DIRECTORY = "Choose another directory with --root or TSBUILD_ROOT";

/**
 * Turns a failed system call on the store into an error for the user. `attempted` is the first half
 * of the sentence. Returns other errors (bugs, TsbuildErrors) unchanged.
 */
export function ioError(attempted: string, error: unknown): unknown {
  if (error instanceof TsbuildError) return error;
  if (isOutOfDescriptors(error)) return outOfDescriptors(attempted, error);
  const code = systemErrorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new TsbuildError(
        "store/not-writable",
        `${attempted}: ${code === "EROFS" ? "the file system is read-only" : "permission denied"} (${message})`,
        {
          hint: `${OTHER_DIRECTORY}, or make this one writable for the user who builds`,
          cause: error,
        },
      );
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(attempted, error);
    case "ENOTDIR":
    case "EEXIST":
      return new TsbuildError("store/not-a-directory", `${attempted}: a part of the path is not a directory (${message})`, {
        hint: OTHER_DIRECTORY,
        cause: error,
      });
    case undefined:
      return error;
    default:
      return new TsbuildError("store/io", `${attempted}: ${message}`, { cause: error });
  }
}

/** Returns true when the disk is full, or the store is mounted read-only. */
export function isUnwritable(error: unknown): boolean {
  return error instanceof TsbuildError && (error.code === "store/disk-full" || error.code === "store/not-writable");
}

export function blobMissing(digest: Digest): TsbuildError {
  return new TsbuildError("store/blob-missing", `Cannot read blob ${digest}: it is not in the store`, {
    hint: "Build or pull again: what depends on it is made again",
  });
}

export function blobCorrupt(digest: Digest, found: Digest): TsbuildError {
  return new TsbuildError("store/blob-corrupt", `Cannot use blob ${digest}: the bytes on the disk have the digest ${found}`, {
    hint: "The blob was removed from the store. Build or pull again; if this happens more than once, check the disk",
  });
}

export function digestMismatch(expected: string, found: string): TsbuildError {
  return new TsbuildError("store/digest-mismatch", `Cannot store a blob: expected ${expected}, but the bytes that came are ${found}`, {
    hint: "Nothing was kept. Try again; if it persists, the sender's copy is damaged",
  });
}

export function layerMissing(id: string): TsbuildError {
  return new TsbuildError("store/layer-missing", `Cannot use layer ${id}: it is not in the store any more`, {
    hint: "Build again, which makes it again. The store was cleaned up while this was running",
  });
}

/** Returns the error for a store whose path is too long for a database in it. */
export function storePathTooLong(root: string, most: number): TsbuildError {
  const size = Buffer.byteLength(root);
  return new TsbuildError(
    "store/path-too-long",
    `Cannot use "${root.slice(0, 60)}…" as the store: its path has ${size} bytes, and at most ${most} work`,
    {
      hint: "Name a directory with a shorter path with TSBUILD_ROOT or --root",
    },
  );
}

export function foreignStore(root: string, owner: number, user: number): TsbuildError {
  return new TsbuildError("store/foreign", `Cannot use "${root}" as the store: it belongs to user ${owner}, and this is user ${user}`, {
    hint: `Only the user whose store it is can use it: files of images are in it with that user's rights. ${OTHER_DIRECTORY}`,
  });
}

export function newerFormat(path: string, found: number, known: number): TsbuildError {
  return new TsbuildError("store/newer-format", `Cannot open "${path}": it has schema ${found}, and this tsbuild knows up to ${known}`, {
    hint: `Use the newer tsbuild that wrote it, or ${OTHER_DIRECTORY[0]?.toLowerCase()}${OTHER_DIRECTORY.slice(1)}`,
  });
}

/** SQLite's primary result codes that a user can act on. */
const SQLITE = { busy: 5, locked: 6, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, protocol: 15, notadb: 26 } as const;

/**
 * SQLite's texts (sqlite3_errstr): the binding sets no code on errors of queries for several rows.
 */
const TEXTS: Readonly<Record<string, number>> = {
  "database is locked": SQLITE.busy,
  "attempt to write a readonly database": SQLITE.readonly,
  "disk I/O error": SQLITE.ioerr,
  "database disk image is malformed": SQLITE.corrupt,
  "database or disk is full": SQLITE.full,
  "file is not a database": SQLITE.notadb,
};

/** Returns the primary result code of an error that a SQLite binding threw. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  return "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : TEXTS[error.message];
}

export function isDatabaseDamage(error: unknown): boolean {
  if (error instanceof TsbuildError) return error.code === "store/index-corrupt";
  const code = sqliteCode(error);
  return code === SQLITE.corrupt || code === SQLITE.notadb;
}

export function isDatabaseBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.busy || code === SQLITE.locked;
}

/** Turns a failed SQLite call into an error for the user. Returns other errors unchanged. */
export function databaseError(path: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  switch (sqliteCode(error)) {
    case SQLITE.busy:
    case SQLITE.locked:
      return new TsbuildError("store/busy", `Cannot write "${path}": another process holds it locked for too long`, {
        hint: "Look for a stopped tsbuild process (state T in ps) and end it",
        cause: error,
      });
    case SQLITE.readonly:
    case SQLITE.cantopen:
      if (lacksDescriptors()) return outOfDescriptors(`Cannot open "${path}"`, error);
      return new TsbuildError("store/not-writable", `Cannot open "${path}" for writing: ${message}`, {
        hint: OTHER_DIRECTORY,
        cause: error,
      });
    case SQLITE.full:
      return new TsbuildError("store/disk-full", `Cannot write "${path}": no space is left on the disk`, {
        hint: "Make room with `tsbuild prune` or otherwise, or choose a directory on another disk with --root or TSBUILD_ROOT",
        cause: error,
      });
    case SQLITE.ioerr:
    case SQLITE.protocol:
      return new TsbuildError("store/io", `Cannot use "${path}": ${message}`, {
        hint: `The store needs a local file system (not NFS or another network share). ${OTHER_DIRECTORY}`,
        cause: error,
      });
    case SQLITE.corrupt:
    case SQLITE.notadb:
      return new TsbuildError("store/index-corrupt", `Cannot use "${path}": ${message}`, {
        hint: "The damaged file was set aside. Run the command again: images are kept, cached steps run again",
        cause: error,
      });
    default:
      return error;
  }
}
