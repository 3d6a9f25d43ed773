import type { SourceRange } from "../../../../core/diagnostics.js";
import { partRange } from "../../errors/edits.js";
import { flagWord } from "../../syntax/flags.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const UnpinnedBase: FileRule<[image: string]> = {
  name: "UnpinnedBase",
  description: "Images should be named with a version",
  own: true,
  message: (image) => `The image "${image}" is whatever "latest" means on the day of the build`,
  check: checkUnpinnedBase,
};

/** Checks FROM and COPY --from. Ignores the default of a variable that stands for the image. */
function checkUnpinnedBase(file: LintFile, linter: Linter): void {
  const stages = new Set<string>(["scratch", "context"]);
  const check = (image: string, range: SourceRange, comments: readonly string[]): void => {
    if (stages.has(image.toLowerCase()) || /[$@]/.test(image) || /^\d+$/.test(image) || image === "") return;
    const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
    if (tag !== undefined && tag !== "latest") return;
    const name = tag === undefined ? image : image.slice(0, -tag.length - 1);
    linter.warn(UnpinnedBase, [image], range, comments, {
      hint: `name a version: ${name}:VERSION, or ${name}@sha256:… for exactly one image`,
    });
  };
  for (const stage of file.stages) {
    check(stage.base.text, stage.base.range, stage.node.comments);
    for (const node of stage.instructions) {
      if (node.kind !== "copy") continue;
      for (const flag of node.flags) {
        if (flag.name !== "from" || flag.value === undefined) continue;
        check(flag.value, partRange(flagWord(flag), 0, flag.value.length), node.comments);
      }
    }
    if (stage.name !== undefined) stages.add(stage.name);
  }
}
