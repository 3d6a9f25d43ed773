import type { Diagnostic, Fix, Severity, SourceFile, SourceRange } from "../../core/diagnostics.js";
import { fixedLine } from "../../core/text/text-edits.js";

/** A {@link Diagnostic} without its source text: plain data that can be kept with a cached AST. */
export interface Problem {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly range?: SourceRange;
  readonly hint?: string;
  readonly related?: readonly { readonly message: string; readonly range: SourceRange }[];
  readonly url?: string;
  readonly rule?: string;
  readonly fix?: Fix;
}

/**
 * Returns a problem with its source. The hint is the fixed line, or ends with it, when the fix
 * changes one line.
 */
export function toDiagnostic(problem: Problem, source: SourceFile): Diagnostic {
  const { related, hint, ...rest } = problem;
  const fixed = problem.fix && fixedLine(source.text, problem.fix.edits);
  const shown = fixed === undefined ? hint : hint === undefined ? `write ${fixed}` : hint.endsWith("?") ? `${hint} Write ${fixed}` : hint;
  return {
    ...rest,
    source,
    ...(shown === undefined ? {} : { hint: shown }),
    ...(related ? { related: related.map((place) => ({ ...place, source })) } : {}),
  };
}

/**
 * Compares by place in the file; problems without a place come last. Equal places keep the order of
 * discovery.
 */
export function byPlace(a: Problem, b: Problem): number {
  return (a.range?.start ?? Number.MAX_SAFE_INTEGER) - (b.range?.start ?? Number.MAX_SAFE_INTEGER);
}
