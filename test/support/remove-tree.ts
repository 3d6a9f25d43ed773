import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

/**
 * Removes a tree, also one with ids that only a user namespace maps, and one nested deeper than a
 * path can name.
 */
export function removeTree(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    if (spawnSync("rm", ["-rf", directory], { stdio: "ignore" }).status === 0) return;
    spawnSync("unshare", ["--map-root-user", "--map-auto", "--", "rm", "-rf", directory], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  }
}
