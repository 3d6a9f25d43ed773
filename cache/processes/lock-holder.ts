import { readFileSync, statSync } from "node:fs";

/**
 * Returns the other process that has a file locked, for people: `process 4711`, and how to go on
 * when that process is stopped. Returns undefined where the kernel does not report it.
 */
export function lockHolder(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const pid = holderIn(read("/proc/locks"), stat);
  if (pid === undefined || pid === process.pid) return undefined;
  return isStopped(read(`/proc/${pid}/stat`)) ? `process ${pid}, which is stopped (kill -CONT ${pid} lets it go on)` : `process ${pid}`;
}

/**
 * Returns the process that has flock on a file, from the text of /proc/locks. Note that file
 * systems with several devices (btrfs, overlayfs) show other numbers there than stat does. Then no
 * process is named, because an inode alone might be another file's.
 */
export function holderIn(locks: string, { dev, ino }: { readonly dev: number; readonly ino: number }): number | undefined {
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  const file = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of locks.split("\n")) {
    const [, kind, , , pid, where] = line.split(/\s+/);
    // A waiter's line has an arrow in the place of the kind. A holder in another process namespace
    // has no number.
    if (kind === "FLOCK" && where === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

const hex = (number: number): string => number.toString(16).padStart(2, "0");

/**
 * Returns true for the state of a stopped process. The state follows the program's name, which may
 * hold anything, brackets too.
 */
function isStopped(stat: string): boolean {
  return /^[Tt]\s/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
