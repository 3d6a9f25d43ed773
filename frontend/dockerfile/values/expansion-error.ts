/** A word that cannot be expanded. The message is a sentence part such as `missing "}"`. */
export class ExpansionError extends Error {
  /** Unset variable that `${v:?}` requires. */
  readonly unset: string | undefined;
  override readonly name = "ExpansionError";

  constructor(message: string, unset?: string) {
    super(message);
    this.unset = unset;
  }
}

/** Reports a modifier that does not exist. */
export function unsupported(modifier: string): ExpansionError {
  return new ExpansionError(`"${modifier}" is not a modifier`);
}

/** Runs `body` on a pattern. Throws {@link ExpansionError} for one that cannot be used. */
export function withPattern(pattern: string, body: () => string): string {
  try {
    return body();
  } catch (error) {
    if (error instanceof SyntaxError) throw new ExpansionError(`the pattern "${pattern}" is invalid: ${error.message}`);
    throw error;
  }
}
