import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";

/** Bytes of a path below which one more name always fits. */
const LONGEST_PATH = 2048;

/**
 * Removes a file, or a directory with everything in it; does nothing where there is none. Links are
 * removed, never followed. Note that we do not leave this to `rmSync`, because Node 20 calls itself
 * for each level there: a tree may be nested so deep that the stack ends before the tree does.
 */
export function removeTree(path: string | Buffer): void {
  const top = Buffer.from(path);
  const stat = lstatSync(top, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(top);
    return;
  }
  const directories: Buffer[] = [top];
  for (const directory of directories) {
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
      const child = Buffer.concat([directory, Buffer.from("/"), entry.name]);
      if (!entry.isDirectory()) unlinkSync(child);
      else if (child.length <= LONGEST_PATH) directories.push(child);
      else directories.push(raise(child, top));
    }
  }
  for (const directory of directories.toReversed()) rmdirSync(directory);
}

/** Moves a directory up, because paths below it may be longer than the system takes. */
function raise(directory: Buffer, top: Buffer): Buffer {
  const nearer = Buffer.concat([top, Buffer.from(`/.removed-${randomBytes(6).toString("hex")}`)]);
  renameSync(directory, nearer);
  return nearer;
}
