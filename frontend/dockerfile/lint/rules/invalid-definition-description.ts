import type { Instruction } from "../../ast.js";
import { fixOf } from "../../errors/edits.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const InvalidDefinitionDescription: FileRule<[instruction: string, name: string]> = {
  name: "InvalidDefinitionDescription",
  description:
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
  experimental: true,
  message: (instruction, name) => `Comment for ${instruction} should follow the format: \`# ${name} <description>\``,
  check: checkInvalidDefinitionDescription,
};

/**
 * Warns about a comment right above FROM … AS name or ARG name that does not begin with the name:
 * it counts as the description.
 */
function checkInvalidDefinitionDescription(file: LintFile, linter: Linter): void {
  const check = (node: Instruction, names: readonly string[]): void => {
    const last = node.comments[node.comments.length - 1];
    const [first] = names;
    if (last === undefined || first === undefined || last.startsWith("check=") || names.includes(last.split(" ", 1)[0] ?? "")) return;
    const name = names.length > 1 ? "<arg_key>" : first;
    const lineStart = node.range.start - (node.range.column - 1);
    linter.warn(InvalidDefinitionDescription, [node.keyword.text.toUpperCase(), name], node.range, node.comments, {
      hint: `write "# ${first} ${last}", or put an empty line between`,
      fix: fixOf("Put an empty line between comment and instruction", [{ range: file.range(lineStart, lineStart), text: "\n" }], true),
    });
  };
  for (const node of file.globalArgs)
    check(
      node,
      node.args.map((arg) => arg.name.text),
    );
  for (const stage of file.stages) {
    if (stage.name !== undefined) check(stage.node, [stage.name]);
    for (const node of stage.instructions) {
      if (node.kind === "arg")
        check(
          node,
          node.args.map((arg) => arg.name.text),
        );
    }
  }
}
