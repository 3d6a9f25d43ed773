import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isInside } from "../../core/text/inside.js";

/**
 * Returns true for a path that is one of `parents` or inside one, wherever links lead. `*` stands
 * for every path.
 */
export function isAllowedPath(path: string, parents: readonly string[], cwd: string): boolean {
  if (parents.includes("*")) return true;
  const real = realPath(resolve(cwd, path));
  return parents.some((parent) => isInside(real, realPath(resolve(cwd, parent))));
}

/** Returns a path without links, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
