import type { SourceRange } from "../../../../core/diagnostics.js";
import type { Instruction } from "../../ast.js";
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

function checkUnpinnedBase(file: LintFile, linter: Linter): void {
  for (const { text, range, comments } of namesOfBases(file)) {
    const tag = text.slice(text.lastIndexOf("/") + 1).split(":")[1];
    if (hasVariableOrDigest(text) || (tag !== undefined && tag !== "latest")) continue;
    const name = tag === undefined ? text : text.slice(0, -tag.length - 1);
    linter.warn(UnpinnedBase, [text], range, comments, {
      hint: `name a version: ${name}:VERSION, or ${name}@sha256:… for exactly one image`,
    });
  }
}

/** A variable stands for the image: its default, which the build may replace, is no fault. */
const hasVariableOrDigest = (image: string): boolean => /[$@]/.test(image);

interface NameOfBase {
  readonly text: string;
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

/** Yields the images of FROM and COPY --from, which are the names that no stage has. */
function* namesOfBases(file: LintFile): Generator<NameOfBase> {
  const stages = new Set<string>(["scratch", "context", ""]);
  const isImage = ({ text }: NameOfBase): boolean => !stages.has(text.toLowerCase()) && !/^\d+$/.test(text);
  for (const { base, node, name, instructions } of file.stages) {
    const names = [{ text: base.text, range: base.range, comments: node.comments }, ...instructions.flatMap(namesOfCopy)];
    yield* names.filter(isImage);
    if (name !== undefined) stages.add(name);
  }
}

function namesOfCopy(node: Instruction): readonly NameOfBase[] {
  if (node.kind !== "copy") return [];
  return node.flags.flatMap((flag) =>
    flag.name === "from" && flag.value !== undefined
      ? [{ text: flag.value, range: partRange(flagWord(flag), 0, flag.value.length), comments: node.comments }]
      : [],
  );
}
