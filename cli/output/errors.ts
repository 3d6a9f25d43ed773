import { UsageError } from "../exit-codes.js";
import { systemReason } from "../../core/system/system-reason.js";

export function noSuchField(field: string, columns: readonly { readonly field: string }[]): UsageError {
  return new UsageError("cli/template", `Cannot show the field "${field}": there is none of that name`, {
    hint: `fields are ${columns.map((column) => column.field).join(", ")}`,
  });
}

export function badTraceForm(form: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot trace the solver as "${form[1]}": TSBUILD_DEBUG takes solver or solver:json`);
}

export function traceNotWritten(path: string, cause: unknown): UsageError {
  return new UsageError("cli/bad-value", `Cannot write the trace to ${path} (TSBUILD_DEBUG_FILE): ${systemReason(cause)}`, { cause });
}

export function badTemplate(source: string, what: string, functions: readonly string[]): UsageError {
  return new UsageError("cli/template", `Cannot read the format "${source}": ${what}`, {
    hint: `fields are written {{.Name}}; functions are ${functions.join(", ")}`,
  });
}
