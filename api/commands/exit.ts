import type { HealthResult } from "../../executor-native/contract.js";

/** End of a command. */
export type RunExit = { readonly code: number } | { readonly signal: string };

/** Returns how a command ended: `with exit code 1`, `by SIGKILL`. */
export function exitText(exit: RunExit): string {
  return "code" in exit ? `with exit code ${exit.code}` : `by ${exit.signal}`;
}

/** The last check of a command that never became healthy. */
export interface FailedCheck extends HealthResult {
  /** True when the check was killed for its time. */
  readonly timedOut: boolean;
}
