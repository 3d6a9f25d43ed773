import type { Fix } from "../../../../core/diagnostics.js";
import type { CommandLine } from "../../ast.js";
import { isPlain } from "../../errors/edits.js";
import type { LintRule } from "../rule.js";

export const JSONArgsRecommended: LintRule<[keyword: string]> = {
  name: "JSONArgsRecommended",
  description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
  message: (keyword) => `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`,
};

/** Commands that only a shell can run, or runs differently. */
const BUILTINS = new Set(
  ". : alias bg break builtin case cd command continue echo eval exec exit export fg for if jobs local pwd read return set shift source test time times trap type ulimit umask unset until wait while".split(
    " ",
  ),
);

/**
 * Returns a fix that writes plain words as an array. Returns undefined where a shell has work to
 * do. The caller knows whether the fix is `safe`.
 */
export function asJson(command: CommandLine, safe: boolean): Fix | undefined {
  if (command.form !== "shell" || !isPlain(command) || !/^[\w./:@%+,=-]+(?:[ \t]+[\w./:@%+,=-]+)*$/.test(command.text)) return undefined;
  const words = command.text.split(/[ \t]+/);
  const [program = ""] = words;
  if (program.includes("=") || BUILTINS.has(program)) return undefined;
  const text = `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
  return { title: "Write the command as a JSON array", edits: [{ range: command.range, text }], safe };
}
