import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { systemErrorCode, TsbuildError } from "../errors.js";

/**
 * Descriptors that a process of ours has open when no step runs: Node's own, its threads', the
 * index's.
 */
const BASE = 56;
/** Descriptors that a step takes while it runs, in the process that takes most. */
const PER_STEP = 8;

/**
 * Returns how many steps can run at once with the descriptors that this process may have. Returns
 * Infinity where the system reports no limit.
 */
export function stepsByDescriptors(limits: string = readLimits()): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Infinity : Math.max(1, Math.floor((Number(soft) - BASE) / PER_STEP));
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}

/** Returns true when the system or this process has no descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "EMFILE" || code === "ENFILE";
}

/** Returns the error for a lack of descriptors. `attempted` is the first half of the sentence. */
export function outOfDescriptors(attempted: string, cause?: unknown): TsbuildError {
  return new TsbuildError("core/too-many-files", `${attempted}: too many files are open`, {
    hint: "Raise the limit of open files (ulimit -n 1024), or run fewer steps at once with --jobs",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Returns the child with the pipes it was asked for. Throws when there was no descriptor for them:
 * Node leaves the pipes out then, and reports the error later.
 */
export function started<C extends ChildProcess>(child: C): C {
  if ((child.stdio as unknown) !== undefined) return child;
  child.once("error", () => {});
  throw outOfDescriptors(`Cannot start "${child.spawnfile}"`);
}
