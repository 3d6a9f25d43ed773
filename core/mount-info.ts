/** A file system as mountinfo(5) lists it. */
export interface MountedFileSystem {
  /** Directory in the file system that is mounted. */
  readonly root: string;
  /** Directory where it is mounted. */
  readonly path: string;
  readonly type: string;
  /** Options of the file system itself, separated by commas. */
  readonly options: string;
}

/** Reads mountinfo(5). A later mount lies over an earlier one. */
export function readMountInfo(text: string): readonly MountedFileSystem[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [left = "", right = ""] = line.split(" - ");
      const [, , , root = "/", path = "/"] = left.split(" ").map(unescaped);
      const [type = "", , options = ""] = right.split(" ");
      return { root, path, type, options };
    });
}

/** Returns a path whose blanks and backslashes are octal numbers there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
