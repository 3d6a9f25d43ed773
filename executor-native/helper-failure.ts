/** A line of the native part: what it could not do. */
export interface HelperFailure {
  readonly code: string;
  readonly message: string;
  readonly errno: number;
}
