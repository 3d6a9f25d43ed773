import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/**
 * Takes a text out of the files that lie in these directories of a root, once for each file.
 * Follows no links, because who wrote the root may be hostile. Owners, modes and times stay.
 * Expects that nobody else writes to the root.
 */
export function removeFromFiles(root: string, directories: readonly string[], text: Uint8Array): void {
  for (const directory of directories) {
    if (!isDirectory(root, directory)) continue;
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true }))
      if (entry.isFile()) removeFromFile(join(root, directory, entry.name), text);
  }
}

/** Reports whether each component of a path is a directory itself, and no link. */
function isDirectory(root: string, path: string): boolean {
  let at = root;
  return path.split("/").every((name) => {
    at = join(at, name);
    return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
  });
}

function removeFromFile(path: string, text: Uint8Array): void {
  const { size, mode, atime, mtime } = lstatSync(path);
  if (size < text.length) return;
  // A process without privileges has no rights to its own file beyond its mode.
  const isClosed = (mode & 0o600) !== 0o600;
  if (isClosed) chmodSync(path, (mode & 0o7777) | 0o600);
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const content = readFileSync(fd);
    const start = content.indexOf(text);
    if (start === -1) return;
    const rest = content.subarray(start + text.length);
    writeSync(fd, rest, 0, rest.length, start);
    ftruncateSync(fd, start + rest.length);
    futimesSync(fd, atime, mtime);
  } finally {
    closeSync(fd);
    if (isClosed) chmodSync(path, mode & 0o7777);
  }
}
