import type { Diagnostic, Severity, SourceFile, SourceRange } from "../../core/diagnostics.js";

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
}

export function toDiagnostic(problem: Problem, source: SourceFile): Diagnostic {
  const { related, ...rest } = problem;
  return { ...rest, source, ...(related ? { related: related.map((place) => ({ ...place, source })) } : {}) };
}

/** In file order; what has no place comes last. Problems of equal place stay in the order they were found. */
export function byPlace(a: Problem, b: Problem): number {
  return (a.range?.start ?? Number.MAX_SAFE_INTEGER) - (b.range?.start ?? Number.MAX_SAFE_INTEGER);
}
