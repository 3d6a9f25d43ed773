import { parseBoolean } from "../../../core/go-values/boolean.js";
import { parseCsv } from "../../../core/go-values/csv.js";
import type { Flag } from "../ast.js";
import * as errors from "../errors/errors.js";
import type { Report } from "../errors/report.js";

/** `RUN --device=…`: a CDI device, by its name. */
export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

const KEYS = ["name", "required"];

/**
 * Reads `[name=]NAME[,required[=BOOLEAN]]`. Returns undefined, with the problem reported, for any
 * other form.
 */
export function parseDevice(flag: Flag, report: Report): RunDevice | undefined {
  const text = flag.value ?? "";
  const fail = (why: string, hint?: string): undefined => {
    report.add(errors.invalidDevice(text, why, flag.valueRange, hint));
    return undefined;
  };
  const line = parseCsv(text);
  if ("problem" in line) return fail(line.problem);
  let name = "";
  let required = false;
  for (const field of line.fields) {
    const equals = field.indexOf("=");
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? undefined : field.slice(equals + 1);
    if (key === "required") {
      const given = value === undefined ? true : parseBoolean(value);
      if (given === undefined) return fail(`"${value}" is not true or false`);
      required = given;
    } else if (key === "name" && value !== undefined) {
      if (name !== "") return fail(`it has the name "${name}" already`);
      name = value;
    } else if (name === "") name = field;
    else if (value === undefined) return fail(`"${field}" has no value`);
    else {
      report.add(errors.deviceKey(text, key, KEYS, flag.valueRange));
      return undefined;
    }
  }
  return { name, required };
}
