import { constants } from "node:os";
import type { AnyCode } from "../../core/errors.js";
import type { StepUsage } from "../../core/events.js";

/** A status line of the native part's `run` mode. */
type StatusLine =
  | { readonly status: "error"; readonly code: AnyCode; readonly message: string; readonly errno: number }
  | { readonly status: "not-started"; readonly message: string; readonly code: number }
  | { readonly status: "exit"; readonly code?: number; readonly signal?: number }
  | { readonly status: "killed"; readonly signal: number }
  | { readonly status: "stopped" }
  /** These two follow the end of a failed command whose changes are written. */
  | { readonly status: "keeping" | "kept" }
  | UsageLine
  /**
   * This line follows the end: a path, from the step's root, that is too long for the kernel as a
   * whole.
   */
  | { readonly status: "too-long"; readonly path: string };

/** Resources of all processes of a step, in the kernel's units. */
interface UsageLine {
  readonly status: "usage";
  /** Microseconds of processor time. */
  readonly user: number;
  readonly system: number;
  /** KiB of the largest process. */
  readonly largest: number;
  /** Blocks of 512 bytes. */
  readonly read: number;
  readonly written: number;
}

/** Returns what a step used, in the units of events. */
export function usageOf({ user, system, largest, read, written }: UsageLine): StepUsage {
  return {
    userTime: user / 1000,
    systemTime: system / 1000,
    peakMemory: largest * 1024,
    peakOf: "process",
    bytesRead: read * 512,
    bytesWritten: written * 512,
  };
}

/**
 * Returns the status line that counts as the outcome: the first, unless a later one reports a
 * failure or a kill. A supervisor that could not record the owners of files must not look like a
 * command that ended well, and neither must a command whose files cannot be kept. After a failed
 * command, the failure is the cause.
 */
export function outcome(lines: readonly StatusLine[]): StatusLine | undefined {
  const [first] = lines;
  const failed = lines.find(({ status }) => status === "error" || status === "killed");
  if (failed || first?.status !== "exit" || first.code !== 0) return failed ?? first;
  return lines.find(({ status }) => status === "too-long") ?? first;
}

/** Parses a status line. Returns undefined for a line that was cut off. */
export function parseStatus(line: string): StatusLine | undefined {
  try {
    return JSON.parse(line) as StatusLine;
  } catch {
    return undefined;
  }
}

/** Returns the name of a signal. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
