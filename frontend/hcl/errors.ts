import type { Diagnostic } from "../../core/diagnostics.js";
import { type AnyCode, DiagnosticsError, type TsbuildError, UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import type { Place } from "./ast.js";

/** Messages of this language, one function each. */

function diagnostic(code: AnyCode, message: string, { source, range }: Place, hint?: string): Diagnostic {
  return { severity: "error", code, message, source, range, ...(hint === undefined ? {} : { hint }) };
}

function meant(name: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(name, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}

export const syntax = (message: string, place: Place): Diagnostic => diagnostic("hcl/syntax", `Cannot read the file: ${message}`, place);

export const tooDeep = (name: string): TsbuildError =>
  new UsageError("hcl/syntax", `Cannot read ${name}: its parts are nested, or lead through each other, too deeply`);

/** Error of an expression whose values do not fit it. */
export const badExpression = (message: string, place: Place, hint?: string): DiagnosticsError =>
  new DiagnosticsError([diagnostic("hcl/expression", message, place, hint)]);

export const unknownVariable = (name: string, known: Iterable<string>, place: Place): DiagnosticsError =>
  new DiagnosticsError([diagnostic("hcl/unknown-name", `Cannot find "${name}": there is no such variable`, place, meant(name, known))]);

export const unknownFunction = (name: string, known: Iterable<string>, place: Place): DiagnosticsError =>
  new DiagnosticsError([diagnostic("hcl/unknown-name", `Cannot call "${name}": there is no such function`, place, meant(name, known))]);

export const noAttribute = (name: string, known: Iterable<string>, place: Place): DiagnosticsError =>
  new DiagnosticsError([
    diagnostic("hcl/expression", `Cannot read "${name}": this object has no such attribute`, place, meant(name, known)),
  ]);
