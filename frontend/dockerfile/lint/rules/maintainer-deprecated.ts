import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { LintRule } from "../rule.js";

export const MaintainerDeprecated: LintRule<[]> = {
  name: "MaintainerDeprecated",
  description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
  message: () => "Maintainer instruction is deprecated in favor of using label",
};

export function checkMaintainerDeprecated(file: LintFile, linter: Linter): void {
  for (const stage of file.stages) {
    for (const node of stage.instructions) {
      if (node.kind === "maintainer") linter.warn(MaintainerDeprecated, [], node.range, node.comments);
    }
  }
}
