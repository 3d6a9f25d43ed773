import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { systemErrorCode, TsbuildError } from "../errors.js";

/** Descriptors that a process of ours has open when nothing runs: Node's own, those of its threads, the index. */
const BASE = 56;
/** Descriptors that a step takes while it runs, in whichever process takes most. */
const PER_STEP = 8;

/** Steps that can run at once with as many descriptors as this process may have; Infinity where the system does not tell. */
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

/** Whether the system or this process has no descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "EMFILE" || code === "ENFILE";
}

/** `attempted` is the first half of the sentence. */
export function outOfDescriptors(attempted: string, cause?: unknown): TsbuildError {
  return new TsbuildError("core/too-many-files", `${attempted}: too many files are open`, {
    hint: "Raise the limit of open files (ulimit -n 1024), or run fewer steps at once with --jobs",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The child, with the pipes it was asked for. Throws when there was no descriptor for them: Node leaves them out then, and tells it later. */
export function started<C extends ChildProcess>(child: C): C {
  if ((child.stdio as unknown) !== undefined) return child;
  child.once("error", () => {});
  throw outOfDescriptors(`Cannot start "${child.spawnfile}"`);
}
