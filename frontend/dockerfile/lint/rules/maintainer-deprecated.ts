import type { Fix } from "../../../../core/diagnostics.js";
import type { TextNode } from "../../ast.js";
import { fixOf } from "../../errors/edits.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const MaintainerDeprecated: FileRule<[]> = {
  name: "MaintainerDeprecated",
  description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
  message: () => "Maintainer instruction is deprecated in favor of using label",
  check: checkMaintainerDeprecated,
};

function checkMaintainerDeprecated(file: LintFile, linter: Linter): void {
  for (const stage of file.stages) {
    for (const node of stage.instructions) {
      if (node.kind !== "maintainer") continue;
      linter.warn(MaintainerDeprecated, [], node.range, node.comments, { fix: labelInstead(node, file) });
    }
  }
}

/**
 * Returns a fix with a label. Unlike MAINTAINER's text, a label's value is expanded, and quoted.
 */
function labelInstead({ keyword, value, range }: TextNode, { escape, text }: LintFile): Fix | undefined {
  if (!value || text.slice(range.start, range.end).includes("\n")) return undefined;
  const quoted = value.text.replace(/["$\\`]/g, (char) => (char === "`" && escape !== "`" ? char : `${escape}${char}`));
  const label = keyword.text === keyword.text.toLowerCase() ? "label" : "LABEL";
  return fixOf("Use a label", [{ range, text: `${label} org.opencontainers.image.authors="${quoted}"` }], true);
}
