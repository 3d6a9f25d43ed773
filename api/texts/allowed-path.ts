import { resolve } from "node:path";
import { realPath } from "../../core/real-path.js";
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
