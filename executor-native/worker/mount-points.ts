import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORIES = ["proc", "dev", "sys", "etc"];
const FILES = ["etc/hosts", "etc/resolv.conf"];

/**
 * Makes a layer with the mount points of every sandbox, once, in `directory`. It lies below the
 * layers of an image, which hide it where they have the same paths. Without it, most images lack
 * some mount point, and the native part would have to mount them once in vain to see which.
 */
export function mountPoints(directory: string): string {
  const layer = join(directory, "mount-points");
  if (existsSync(layer)) return layer;
  const unfinished = `${layer}.new`;
  for (const path of DIRECTORIES) mkdirSync(join(unfinished, path), { recursive: true });
  for (const path of FILES) writeFileSync(join(unfinished, path), "");
  // An image without /etc shows this one, whatever the umask here is.
  chmodSync(join(unfinished, "etc"), 0o755);
  renameSync(unfinished, layer);
  return layer;
}
