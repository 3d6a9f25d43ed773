import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";
import { helperMissing } from "./errors.js";

/** Where the native part of the sandbox is. Throws `exec/helper-missing` when it was not built. */
export function helperPath(): string {
  const path = join(packageRoot(), "dist", "native", "tsbuild-sandbox");
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw helperMissing(path, error);
  }
  return path;
}
