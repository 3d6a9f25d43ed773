import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lgetxattr } from "../../../core/system/posix.js";
import { readLink, readNames, statOf } from "../../../oci/layer/write/upper-stat.js";

/** Makes a directory for the time of `use`. */
export async function withDirectory<R>(use: (directory: string) => Promise<R> | R): Promise<R> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-layer-"));
  try {
    return await use(directory);
  } finally {
    remove(directory);
  }
}

/** Removes a tree, also one that an ordinary user's own namespace left without permissions. */
function remove(directory: string): void {
  if (process.getuid?.() !== 0) spawnSync("chmod", ["-R", "u+rwx", directory]);
  rmSync(directory, { recursive: true, force: true });
}

/** Lists everything below a directory in the form of {@link ./attacks.ts}. */
export function listing(root: string, path = ""): string[] {
  const at = path === "" ? root : `${root}/${path}`;
  const own = lgetxattr(at, "user.overlay.opaque")?.toString() === "y" ? [`${path}/!`] : [];
  return [
    ...own,
    ...readNames(at).flatMap((name) => {
      const child = path === "" ? name : `${path}/${name}`;
      const stat = statOf(`${root}/${child}`);
      if (stat?.isDirectory()) return [child, ...listing(root, child)];
      if (stat?.isSymbolicLink()) return [`${child} -> ${readLink(`${root}/${child}`)}`];
      return [stat?.isCharacterDevice() && stat.rdev === 0 ? `!${child}` : child];
    }),
  ].sort();
}
