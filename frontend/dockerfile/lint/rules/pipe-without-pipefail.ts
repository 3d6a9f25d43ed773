import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { LintRule } from "../rule.js";
import { hasOption } from "../shells.js";

export const PipeWithoutPipefail: LintRule<[program: string]> = {
  name: "PipeWithoutPipefail",
  description: "A pipe should fail when any of its commands does",
  own: true,
  message: (program) => `A failure of "${program}" before the pipe is not seen: only the status of the last command counts`,
};

/** What only prints its arguments does not fail. */
const HARMLESS = new Set(["echo", "printf", "yes", "true", ":"]);

/** One warning for each script, at its first pipe. */
export function checkPipeWithoutPipefail(file: LintFile, linter: Linter): void {
  for (const { commands, shell, node, range } of file.scripts) {
    if (hasOption(shell, undefined, "pipefail")) continue;
    for (const [i, command] of commands.entries()) {
      if (command.words[0] === "set" && hasOption(command.words, undefined, "pipefail")) break;
      const before = commands[i - 1]?.words[0];
      if (command.operator !== "|" || before === undefined || HARMLESS.has(before) || needsInput(command.words)) continue;
      // What comes after `||` is what the author wants done about a failure.
      const end = commands.slice(i + 1).find((other) => other.operator !== "|");
      if (end?.operator === "||") continue;
      linter.warn(PipeWithoutPipefail, [before], range(command.operatorAt, command.operatorAt + 1), node.comments, {
        hint: 'put SHELL ["/bin/bash", "-o", "pipefail", "-c"] before it, or begin with "set -o pipefail" where the shell knows it',
      });
      break;
    }
  }
}

/** `sha256sum -c` fails by itself when nothing comes. */
function needsInput([program = "", ...rest]: readonly string[]): boolean {
  return /^(sha\d+|md5|b2)sum$/.test(program) && rest.some((word) => word === "--check" || /^-[a-z]*c/.test(word));
}
