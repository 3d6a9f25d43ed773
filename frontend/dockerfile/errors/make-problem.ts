import type { AnyCode } from "../../../core/errors.js";
import type { Fix, SourceRange } from "../../../core/diagnostics.js";
import { suggest } from "../../../core/text/suggest.js";
import { fixOf, replaceWord } from "./edits.js";
import type { Problem } from "../problem.js";

interface Extra {
  readonly hint?: string | undefined;
  readonly related?: Problem["related"];
  readonly fix?: Fix | undefined;
}

export function problem(code: AnyCode, message: string, range: SourceRange | undefined, extra: Extra = {}): Problem {
  return {
    severity: "error",
    code,
    message,
    ...(range ? { range } : {}),
    ...(extra.hint === undefined ? {} : { hint: extra.hint }),
    ...(extra.related ? { related: extra.related } : {}),
    ...(extra.fix ? { fix: extra.fix } : {}),
  };
}

export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}

/**
 * Suggests the nearest candidate as a replacement of the word at `range`. Returns undefined when
 * there is no candidate.
 */
export function nearest(word: string, candidates: Iterable<string>, range: SourceRange): Extra | undefined {
  const found = suggest(word, candidates);
  if (found === undefined) return undefined;
  const fix = fixOf(`Write ${found}`, [replaceWord({ text: word, range }, found)], false);
  return { hint: `did you mean "${found}"?`, fix };
}
