import type { SourceRange } from "../../../../core/diagnostics.js";
import type { ListNode, Word } from "../../ast.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";
import { type Installation, installation } from "../installations.js";

export const CopyBeforeInstall: FileRule<[source: string, command: string]> = {
  name: "CopyBeforeInstall",
  description: "Dependencies should be installed before everything is copied",
  own: true,
  message: (source, command) => `Copying "${source}" first makes "${command}" run again after every change of any file`,
  check: checkCopyBeforeInstall,
};

/**
 * Warns when the whole context is copied, and an installation that only needs the lists of
 * dependencies follows in the same stage.
 */
function checkCopyBeforeInstall(file: LintFile, linter: Linter): void {
  for (const stage of file.stages) {
    let copy: { readonly node: ListNode; readonly source: Word } | undefined;
    const done = new Set<string>();
    for (const node of stage.instructions) {
      if (node.kind === "copy" || node.kind === "add") {
        const source = node.flags.some((flag) => flag.name === "from") ? undefined : wholeContext(node);
        if (source) copy ??= { node, source };
      }
      if (node.kind !== "run") continue;
      for (const script of file.scriptsOf(node)) {
        for (const command of script.commands) {
          const found = installation(command.words);
          if (!found) continue;
          if (copy && !done.has(found.tool)) warn(copy.node, copy.source, found, script.range(command.start, command.end), linter);
          done.add(found.tool);
        }
      }
    }
  }
}

function warn(node: ListNode, source: Word, { tool, command, files }: Installation, range: SourceRange, linter: Linter): void {
  linter.warn(CopyBeforeInstall, [source.text, command], source.range, node.comments, {
    hint: `copy what ${tool} needs (${files}) and run "${command}" first, then ${node.keyword.text} ${source.text}`,
    related: [{ message: "the installation is here", range }],
  });
}

function wholeContext(node: ListNode): Word | undefined {
  return node.args.slice(0, -1).find(({ text }) => [".", "./", "/", "*", "./*", "./."].includes(text));
}
