import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import { flock } from "../../core/system/posix.js";
import { ioError } from "../errors.js";
import { prepareLayout, type StorePaths } from "../paths.js";

/** Prefix of an owner's directory before its lock is taken. */
const UNREGISTERED = ".new-";
/** Milliseconds after which an unlocked directory cannot be one that a process is just making. */
const UNBORN_AGE = 60_000;

/**
 * One store handle as other processes see it. `tmp/<id>/` holds its unfinished work, and
 * `tmp/<id>/lock` is locked (flock) for as long as its process lives, which the kernel guarantees.
 * The lock is taken on the first write only: reading commands load no native code for it.
 */
export class Owner {
  readonly #paths: StorePaths;
  /** Called once, when the lock was taken. */
  readonly #onTaken: () => void;
  readonly id = `${process.pid}-${randomBytes(6).toString("hex")}`;
  #lock: number | undefined;

  constructor(paths: StorePaths, onTaken: () => void) {
    this.#paths = paths;
    this.#onTaken = onTaken;
  }

  get taken(): boolean {
    return this.#lock !== undefined;
  }

  /**
   * Returns the directory for unfinished work. The directory is on the store's file system, so that
   * renaming works.
   */
  directory(): string {
    const directory = join(this.#paths.tmp, this.id);
    if (this.#lock !== undefined) return directory;
    prepareLayout(this.#paths);
    const unregistered = join(this.#paths.tmp, UNREGISTERED + this.id);
    try {
      mkdirSync(unregistered);
      const fd = openSync(join(unregistered, "lock"), "wx");
      flock(fd, "exclusive");
      // Other processes judge by the lock, so they must not see the directory without it.
      renameSync(unregistered, directory);
      this.#lock = fd;
    } catch (error) {
      throw ioError(`Cannot write to the store "${this.#paths.root}"`, error);
    }
    this.#onTaken();
    return directory;
  }

  /** Returns a new name in {@link directory}. */
  temporaryPath(prefix: string): string {
    return join(this.directory(), `${prefix}-${randomBytes(6).toString("hex")}`);
  }

  /** Makes a new directory in {@link directory}. */
  temporaryDirectory(): string {
    const path = this.temporaryPath("dir");
    try {
      mkdirSync(path);
    } catch (error) {
      throw ioError(`Cannot make a temporary directory in "${this.#paths.root}"`, error);
    }
    return path;
  }

  /** Gives up ownership. Returns the directory when something in it could not be removed. */
  release(): string | undefined {
    if (this.#lock === undefined) return undefined;
    const directory = join(this.#paths.tmp, this.id);
    const left = removeTree(directory) ? undefined : directory;
    closeSync(this.#lock);
    this.#lock = undefined;
    return left;
  }

  /** Returns true when the holder of this id lives. */
  isAlive(id: string): boolean {
    if (id === this.id) return true;
    const fd = openLock(join(this.#paths.tmp, id));
    if (fd === undefined) return false;
    try {
      return !flock(fd, "exclusive");
    } finally {
      closeSync(fd);
    }
  }

  /** Returns the directories of the other owners, dead or alive. */
  others(): readonly string[] {
    return readdirSync(this.#paths.tmp)
      .filter((name) => name !== this.id && !name.startsWith(UNREGISTERED))
      .map((name) => join(this.#paths.tmp, name));
  }

  /**
   * Calls `cleanUp` for every owner whose process is gone, while holding its lock, so that one
   * process cleans up.
   */
  reapDead(cleanUp: (id: string, directory: string) => void): void {
    for (const name of readdirSync(this.#paths.tmp)) {
      const directory = join(this.#paths.tmp, name);
      if (name === this.id) continue;
      if (name.startsWith(UNREGISTERED)) {
        if (age(directory) > UNBORN_AGE) removeTree(directory);
        continue;
      }
      const fd = openLock(directory);
      try {
        if (fd === undefined || flock(fd, "exclusive")) cleanUp(name, directory);
      } finally {
        if (fd !== undefined) closeSync(fd);
      }
    }
  }
}

/** Returns true when the process that made this id seems to run, by its number. */
export function isRunning(id: string): boolean {
  try {
    return process.kill(Number.parseInt(id, 10), 0);
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

/** Removes a tree as far as this user can. Returns true when it is gone. */
export function removeTree(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch (error) {
    // Left to the worker: directories of mapped ids, read-only ones, and those nested too deep for
    // Node's recursion.
    if (systemErrorCode(error) === undefined && !(error instanceof RangeError)) throw error;
    return false;
  }
}

function openLock(directory: string): number | undefined {
  try {
    return openSync(join(directory, "lock"), "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw ioError(`Cannot look at "${directory}"`, error);
  }
}

function age(path: string): number {
  try {
    // The clock may have been set either way since.
    return Math.abs(Date.now() - statSync(path).mtimeMs);
  } catch {
    return 0;
  }
}
