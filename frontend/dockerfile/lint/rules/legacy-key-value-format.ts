import type { Fix } from "../../../../core/diagnostics.js";
import type { PairsNode } from "../../ast.js";
import { isPlain } from "../../errors/edits.js";
import type { LintRule } from "../rule.js";

export const LegacyKeyValueFormat: LintRule<[keyword: string]> = {
  name: "LegacyKeyValueFormat",
  description: "Legacy key/value format with whitespace separator should not be used",
  message: (keyword) => `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`,
};

/**
 * Returns a fix that writes `name value` as `name=value`, quoted where it has blanks. Returns
 * undefined for a value that mixes blanks with quotes, escapes or continuations.
 */
export function withEquals({ pairs }: PairsNode): Fix | undefined {
  const [pair] = pairs;
  if (!pair || !isPlain(pair.name) || !isPlain(pair.value)) return undefined;
  const { text, range: value } = pair.value;
  const { range: name } = pair.name;
  const isOneWord = /^[^\s"'\\`]+$/.test(text) || /^"[^"\\`]*"$/.test(text) || /^'[^']*'$/.test(text);
  if (name.line !== value.endLine || (!isOneWord && /["'\\`]/.test(text))) return undefined;
  const range = {
    ...name,
    start: name.end,
    line: name.endLine,
    column: name.endColumn,
    end: value.end,
    endLine: value.endLine,
    endColumn: value.endColumn,
  };
  return { title: "Write name=value", edits: [{ range, text: `=${isOneWord ? text : `"${text}"`}` }], safe: true };
}
