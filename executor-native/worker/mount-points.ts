import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORIES = ["proc", "dev", "sys", "etc"];
const FILES = ["etc/hosts", "etc/resolv.conf"];

/**
 * A layer of just what every sandbox mounts on, made once in `directory`, to be put below the layers of an image: what the image has itself
 * hides it. Without it, most images lack some mount point, which the native part finds out by mounting them once in vain.
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
