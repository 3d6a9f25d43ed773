import { tooManyFiles } from "./errors.js";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { TsbuildError } from "../errors.js";
import { systemErrorCode } from "../errors.js";

/**
 * Descriptors that a process of ours has open when no step runs: Node's own, its threads', the
 * index's.
 */
const BASE = 56;
/** Descriptors that a step takes while it runs, in the process that takes most. */
const PER_STEP = 8;
/** Descriptors of a database: its file, its log, and the log's index. */
const A_FEW = 4;

/**
 * Returns how many steps can run at once with the descriptors that this process may have. Returns
 * Infinity where the system reports no limit.
 */
export function stepsForDescriptors(limits: string = readLimits()): number {
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

/**
 * Returns true when a lack of descriptors is behind an error. A step's helper reports it in the
 * words of libc.
 */
export function causedByDescriptors(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isOutOfDescriptors(at) || /\btoo many (files are open|open files)\b/i.test(at.message)) return true;
  }
  return false;
}

/**
 * Returns true when this process cannot open a few files now. SQLite does not say why it cannot
 * open a file, and by then has closed the files that it opened before.
 */
export function lacksDescriptors(): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < A_FEW) opened.push(openSync("/dev/null", "r"));
    return false;
  } catch (error) {
    return isOutOfDescriptors(error);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** Returns the error for a lack of descriptors. `attempted` is the first half of the sentence. */
export function outOfDescriptors(attempted: string, cause?: unknown): TsbuildError {
  return tooManyFiles(attempted, descriptorHint(), cause);
}

/** Returns the hint for a lack of descriptors: the limit, and who sets it. */
export function descriptorHint(limit: number | undefined = openFilesLimit()): string {
  const found = limit === undefined ? "" : `This process may have ${limit} open files. `;
  return (
    `${found}Raise the limit where it is started (ulimit -n 1024 in a shell, docker run --ulimit nofile=1024, ` +
    "LimitNOFILE= of a systemd unit, nofile in /etc/security/limits.conf), or run fewer steps at once with --jobs"
  );
}

/**
 * Returns the limit of open files. Note that we ask Node's report, because reading a file of /proc
 * needs a descriptor.
 */
function openFilesLimit(): number | undefined {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork ?? false;
  try {
    // The report looks up the names of network peers otherwise.
    report.excludeNetwork = true;
    const { userLimits } = report.getReport() as { readonly userLimits?: Readonly<Record<string, { readonly soft?: unknown }>> };
    const soft = userLimits?.["open_files"]?.soft;
    return typeof soft === "number" ? soft : undefined;
  } catch {
    return undefined;
  } finally {
    report.excludeNetwork = before;
  }
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
