import type { Place } from "../ast.js";
import { badExpression } from "../errors.js";
import { MismatchError } from "../values/convert.js";

/** Runs `work`. A value that does not fit becomes a problem at the place. */
export function at<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    throw badExpression(`Cannot use this value: ${error.message}`, { source: place.source, range: place.range });
  }
}
