import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/** Returns the folder of tsbuild's own package.json, wherever this module was bundled to. */
export function packageRoot(): string {
  if (found) return found;
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "package.json"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error("internal: tsbuild's package.json was not found above its own code");
    directory = parent;
  }
  found = directory;
  return directory;
}

/** Returns the version in the package's own package.json. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { readonly version: string };
  return version;
}
