import type { HealthResult } from "../../executor-native/contract.js";

/** End of a command. */
export type RunExit = { readonly code: number } | { readonly signal: string };

/** The last check of a command that never became healthy. */
export interface FailedCheck extends HealthResult {
  /** True when the check was killed for its time. */
  readonly timedOut: boolean;
}
