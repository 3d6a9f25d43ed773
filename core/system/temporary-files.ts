import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "./boot.js";
import { removeTree } from "./remove-tree.js";
import { systemErrorCode } from "../errors.js";

/**
 * Name of a file that is written beside its destination and renamed when it is complete:
 * `.NAME.tsbuild-PLACE-PID-RANDOM`.
 */
const NAME = /^\..*tsbuild-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/;
/** Characters of the destination's name that are kept, so that no name becomes too long. */
const SHOWN = 80;
/**
 * Milliseconds after which a file of another place that nobody writes to belongs to no running
 * process.
 */
const STALE_AGE = 24 * 3_600_000;

let place: string | undefined;

/**
 * Returns a name for the place where process ids have the same meaning as here: this run of the
 * system and this pid namespace.
 */
function ownPlace(): string {
  place ??= createHash("sha256").update(`${bootId()} ${pidNamespace()}`).digest("hex").slice(0, 8);
  return place;
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/**
 * Returns a path in `directory` that no other process uses, for a file that becomes `name`. See
 * {@link removeAbandoned}.
 */
export function temporaryName(directory: string, name = ""): string {
  const shown = name === "" ? "" : `${name.slice(0, SHOWN)}.`;
  return join(directory, `.${shown}tsbuild-${ownPlace()}-${process.pid}-${randomBytes(6).toString("hex")}`);
}

/** Returns true for the name of a file that is not finished. */
export function isTemporaryName(name: string): boolean {
  return name.charCodeAt(0) === DOT && NAME.test(name);
}

const DOT = 0x2e;

/**
 * Removes the files that killed processes left in a directory. A file that cannot be examined or
 * removed stays.
 */
export function removeAbandoned(directory: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    const [, where, pid] = name.charCodeAt(0) === DOT ? (NAME.exec(name) ?? []) : [];
    if (where === undefined || pid === undefined) continue;
    const path = join(directory, name);
    try {
      const left = where === ownPlace() ? !isRunning(Number(pid)) : statSync(path).mtimeMs < Date.now() - STALE_AGE;
      if (left) removeTree(path);
    } catch {
      // The file belongs to another user, or another process removed it.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
