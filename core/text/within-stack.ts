/**
 * Runs work that goes as deep as a text from outside nests. Throws the error of `tooDeep` where the
 * stack of the process ends. Note that every RangeError counts, because a parser that has met the
 * end of the stack can fail by its own state.
 */
export function withinStack<T>(work: () => T, tooDeep: () => Error): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? tooDeep() : error;
  }
}
