import { type BigIntStats, type Dirent, lstatSync, readdirSync } from "node:fs";
import { systemErrorCode, TsbuildError } from "../../../core/errors.js";
import { fileChanged, unreadable } from "./errors.js";
import { decodePath, fsPath } from "../../../core/system/path-bytes.js";

interface HostDirectoryOptions {
  readonly root: string;
  readonly name: string;
}

type Entry = Pick<Dirent, "name" | "isSocket" | "isDirectory" | "isFIFO" | "isCharacterDevice" | "isBlockDevice">;

/** A directory of this machine, read by paths below it. Errors name it as messages do. */
export class HostDirectory {
  readonly root: string;
  readonly name: string;

  /** `root` is absolute; `name` is its name in messages: `build context`. */
  constructor({ root, name }: HostDirectoryOptions) {
    this.root = root;
    this.name = name;
  }

  /** Returns the entries of a directory, in no order. */
  entries(path: string): Entry[] {
    const host = fsPath(this.hostPath(path));
    try {
      const found = readdirSync(host, { withFileTypes: true });
      if (!found.some((dirent) => dirent.name.includes("\ufffd"))) return found;
      // The name is not UTF-8, or really has that character: only its bytes show which.
      return readdirSync(host, { withFileTypes: true, encoding: "buffer" }).map((dirent) => ({
        name: decodePath(dirent.name as unknown as Buffer),
        isSocket: () => dirent.isSocket(),
        isDirectory: () => dirent.isDirectory(),
        isFIFO: () => dirent.isFIFO(),
        isCharacterDevice: () => dirent.isCharacterDevice(),
        isBlockDevice: () => dirent.isBlockDevice(),
      }));
    } catch (error) {
      throw this.readError(error);
    }
  }

  /** Returns the stat of a path itself; undefined when it does not exist. */
  stat(path: string): BigIntStats | undefined {
    try {
      return lstatSync(fsPath(this.hostPath(path)), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      // Below a file, or a name longer than any file can have: it does not exist.
      if (systemErrorCode(error) === "ENOTDIR" || systemErrorCode(error) === "ENAMETOOLONG") return undefined;
      throw this.readError(error, path);
    }
  }

  /** Returns the absolute path on this machine. */
  hostPath(path: string): string {
    return path === "" ? this.root : this.root === "/" ? `/${path}` : `${this.root}/${path}`;
  }

  /** Returns the error for a file that changed while it was read. */
  changed(path: string): TsbuildError {
    return fileChanged(path, this.name);
  }

  /** Returns the error for a failed system call; other errors unchanged. */
  readError(error: unknown, path?: string): unknown {
    const code = systemErrorCode(error);
    if (code === undefined || error instanceof TsbuildError) return error;
    const where = path ?? this.#relative(error);
    if (code === "ENOENT" || code === "ELOOP" || code === "ENXIO") return this.changed(where);
    return unreadable(where, this.name, code, error);
  }

  #relative(error: unknown): string {
    const path = error instanceof Error && "path" in error ? String(error.path) : "";
    return path.startsWith(`${this.root}/`) ? path.slice(this.root.length + 1) : path;
  }
}
