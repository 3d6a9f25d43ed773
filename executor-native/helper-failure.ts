import type { AnyCode } from "../core/errors.js";
/** A failure that the native part reported in a status line. */
export interface HelperFailure {
  readonly code: AnyCode;
  readonly message: string;
  readonly errno: number;
}
