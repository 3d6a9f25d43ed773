import { CanceledError, UsageError } from "../core/errors.js";

export { UsageError } from "../core/errors.js";

/** Exit codes of the process. Scripts rely on these. */
export const EXIT = { success: 0, failure: 1, usage: 2, canceled: 130 } as const;

/**
 * Signals that end a command in order, with its exit code: 128 and the signal's number, as in
 * shells.
 */
export const INTERRUPTED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CanceledError) return EXIT.canceled;
  if (error instanceof UsageError) return EXIT.usage;
  return EXIT.failure;
}
