import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.js";

/**
 * Returns the beginning of a command line that starts another Node like this one. The single file
 * (`npm run sea`) brings a loader and libraries for its Node, which the machine may lack.
 */
export function nodeCommand(): readonly string[] {
  const place = join(packageRoot(), "..");
  const loader = join(place, "lib", "tsbuild-ld.so");
  if (!existsSync(loader)) return [process.execPath];
  return [loader, "--library-path", join(place, "lib"), join(place, "bin", "node")];
}
