import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";
import type { ShellCommand } from "../shell-commands.js";
import { hasOption } from "../shells.js";

export const PipeWithoutPipefail: FileRule<[program: string]> = {
  name: "PipeWithoutPipefail",
  description: "A pipe should fail when any of its commands does",
  own: true,
  message: (program) => `A failure of "${program}" before the pipe is not seen: only the status of the last command counts`,
  check: checkPipeWithoutPipefail,
};

/** Commands that only print their arguments, and do not fail. */
const HARMLESS = new Set(["echo", "printf", "yes", "true", ":"]);

/** Warns once for each script, at its first pipe. */
function checkPipeWithoutPipefail(file: LintFile, linter: Linter): void {
  for (const { commands, shell, node, range } of file.scripts) {
    if (hasOption(shell, undefined, "pipefail")) continue;
    let isCondition = false;
    for (const [i, command] of commands.entries()) {
      if (command.words[0] === "set" && hasOption(command.words, undefined, "pipefail")) break;
      isCondition = begins(command, isCondition);
      const before = commands[i - 1]?.words[0];
      if (command.operator !== "|" || before === undefined || HARMLESS.has(before) || needsInput(command.words)) continue;
      if (isCondition || isAsked(commands, i)) continue;
      linter.warn(PipeWithoutPipefail, [before], range(command.operatorAt, command.operatorAt + 1), node.comments, {
        hint: 'put SHELL ["/bin/bash", "-o", "pipefail", "-c"] before it, or begin with "set -o pipefail" where the shell knows it',
      });
      break;
    }
  }
}

/**
 * Returns true for a command between `if` and `then`, or `while` and `do`. `was` is the result for
 * the command before.
 */
function begins({ before }: ShellCommand, was: boolean): boolean {
  return before.reduce((is, word) => (/^(if|elif|while|until)$/.test(word) ? true : /^(then|do)$/.test(word) ? false : is), was);
}

/**
 * Reports whether the script itself uses the status of the pipe that has command `i`: after `!`,
 * before `||`, and before `&&` where the failure is an answer. Note that `&&` alone proves nothing,
 * because nearly every RUN is one list of it: there a failure ends the step, unless the list ends
 * in `||` or more follows it.
 */
function isAsked(commands: readonly ShellCommand[], i: number): boolean {
  let first = i;
  while (first > 0 && commands[first]?.operator === "|") first--;
  if (commands[first]?.before.includes("!")) return true;
  const after = commands.slice(i + 1).findIndex(({ operator }) => operator !== "|");
  if (after === -1) return false;
  const next = i + 1 + after;
  const last = commands[next - 1];
  switch (commands[next]?.operator) {
    case "||":
      return true;
    case "&&":
      return (last !== undefined && isTest(last)) || commands.slice(next).some(({ operator }) => operator !== "&&" && operator !== "|");
    default:
      return false;
  }
}

/**
 * Returns true for a program whose failure means no. With `pipefail` the first program of its pipe
 * fails too, because its output has no reader any more.
 */
function isTest({ words: [program = "", ...rest] }: ShellCommand): boolean {
  return /^[ef]?grep$/.test(program) && rest.some((word) => word === "--quiet" || word === "--silent" || /^-[a-zA-Z]*q/.test(word));
}

/** Returns true for `sha256sum -c`, which fails by itself without input. */
function needsInput([program = "", ...rest]: readonly string[]): boolean {
  return /^(sha\d+|md5|b2)sum$/.test(program) && rest.some((word) => word === "--check" || /^-[a-z]*c/.test(word));
}
