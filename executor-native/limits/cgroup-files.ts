import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

/** The cgroup file system. Methods that change it throw the system's errors. */
export interface CgroupFiles {
  /** Returns the text of a file, trimmed; undefined when it cannot be read. */
  read(path: string): string | undefined;
  write(path: string, text: string): void;
  /** Returns true where this process may write a file. */
  mayWrite(path: string): boolean;
  make(directory: string): void;
  remove(directory: string): void;
  /** Returns the names of the groups in a group. */
  groups(directory: string): readonly string[];
}

export const CGROUP_FILES: CgroupFiles = {
  read(path) {
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      return undefined;
    }
  },
  // Note that the kernel's files are there already: one that is missing is not made.
  write: (path, text) => writeFileSync(path, text, { flag: "r+" }),
  mayWrite(path) {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  make: (directory) => mkdirSync(directory),
  remove: (directory) => rmdirSync(directory),
  groups(directory) {
    try {
      return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    } catch {
      return [];
    }
  },
};

/** Writes a file that not every kernel has. Returns false where it cannot be written. */
export function tryWrite(files: CgroupFiles, path: string, text: string): boolean {
  try {
    files.write(path, text);
    return true;
  } catch {
    return false;
  }
}

/** Returns the number behind a name in a file of `name number` lines; 0 when it is not there. */
export function countIn(files: CgroupFiles, path: string, name: string): number {
  const line = (files.read(path) ?? "").split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Returns a file that holds one number; undefined for others. */
export function numberIn(files: CgroupFiles, path: string): number | undefined {
  const text = files.read(path);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
