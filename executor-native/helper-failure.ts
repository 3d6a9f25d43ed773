/** A failure that the native part reported in a status line. */
export interface HelperFailure {
  readonly code: string;
  readonly message: string;
  readonly errno: number;
}
