import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

/** Removes a tree, also what ids own that only a user namespace maps. */
export function removeTree(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    spawnSync("unshare", ["--map-root-user", "--map-auto", "--", "rm", "-rf", directory], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  }
}
