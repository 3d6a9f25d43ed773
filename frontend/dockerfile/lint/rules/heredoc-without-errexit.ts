import { fixOf } from "../../errors/edits.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";
import { hasOption } from "../shells.js";

export const HeredocWithoutErrexit: FileRule<[name: string]> = {
  name: "HeredocWithoutErrexit",
  description: "A heredoc of several commands should stop at the first that fails",
  own: true,
  message: (name) => `The heredoc "${name}" goes on after a command that fails: only the status of its last command counts`,
  check: checkHeredocWithoutErrexit,
};

const CLOSING = new Set(["fi", "done", "esac", "}"]);

/**
 * Warns about `RUN <<EOF`, which is one script for the shell, not a list joined with `&&`, to which
 * people are used.
 */
function checkHeredocWithoutErrexit(file: LintFile, linter: Linter): void {
  for (const { heredoc, commands, shell, node } of file.scripts) {
    if (!heredoc || hasOption(shell, "e", "errexit")) continue;
    if (commands.some(({ words: [program, ...options] }) => program === "set" && hasOption(options, "e", "errexit"))) continue;
    const statements = commands.filter(
      ({ operator, words }) => (operator === "\n" || operator === ";" || operator === "") && !CLOSING.has(words[0] ?? ""),
    );
    if (statements.length < 2) continue;
    const { start } = heredoc.range;
    // A shebang has to stay in the first line.
    const at = heredoc.content.startsWith("#!") ? start + heredoc.content.indexOf("\n") + 1 : start;
    linter.warn(HeredocWithoutErrexit, [heredoc.name], wordOf(file, heredoc.name, node.range.start, start), node.comments, {
      hint: 'begin it with a line "set -e"',
      fix: fixOf('Begin the heredoc with "set -e"', [{ range: file.range(at, at), text: "set -e\n" }], false),
    });
  }
}

/** Returns the range of `<<EOF`. */
function wordOf(file: LintFile, name: string, from: number, to: number) {
  const text = file.text.slice(from, to);
  const found = /<<-?\s*["']?/.exec(text);
  if (!found) return file.range(from, from + text.trimEnd().length);
  const end = text.indexOf(name, found.index + found[0].length) + name.length;
  return file.range(from + found.index, from + end + (/["']$/.test(found[0]) ? 1 : 0));
}
