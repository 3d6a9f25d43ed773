import { relative, sep } from "node:path";

/** Returns true for a directory and everything in it, by their paths as text. */
export function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}
