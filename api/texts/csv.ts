import { badCsv } from "./errors.js";
import { parseCsv } from "../../core/go-values/csv.js";

/** One field of a line of CSV, split at its `=`. */
export interface CsvPair {
  /** Text before the `=`, in lower case. */
  readonly key: string;
  /** Text after the `=`. Undefined for a field without one. */
  readonly value: string | undefined;
  /** The field as it was written. */
  readonly field: string;
}

/**
 * Returns the fields of a line of CSV, such as `type=oci,"name=a,b",dest=x`. `what` says where the
 * line stands, for the error of a line whose quotes are wrong.
 */
export function splitCsv(text: string, what: string): readonly string[] {
  const line = parseCsv(text);
  if ("fields" in line) return line.fields;
  throw badCsv(what, line.problem);
}

/** Returns the fields of a line of CSV as pairs, in their order. */
export function csvPairs(text: string, what: string): readonly CsvPair[] {
  return splitCsv(text, what).map((field) => {
    const at = field.indexOf("=");
    const key = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
    return { key, value: at < 0 ? undefined : field.slice(at + 1), field };
  });
}
