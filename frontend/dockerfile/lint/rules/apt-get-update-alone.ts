import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";
import { lastPart } from "../shells.js";

export const AptGetUpdateAlone: FileRule<[program: string]> = {
  name: "AptGetUpdateAlone",
  description: "apt-get update should be in the same RUN as the installation it is for",
  own: true,
  message: (program) => `"${program} update" alone in its RUN is cached on its own: later installations use an old package list`,
  check: checkAptGetUpdateAlone,
};

const PROGRAMS = new Set(["apt-get", "apt", "aptitude"]);
const USES = new Set("install upgrade full-upgrade dist-upgrade safe-upgrade build-dep download source satisfy reinstall".split(" "));

function checkAptGetUpdateAlone(file: LintFile, linter: Linter): void {
  for (const node of new Set(file.scripts.map((script) => script.node))) {
    // The line and the heredocs of a RUN count as one.
    const uses = file
      .scriptsOf(node)
      .flatMap((script) =>
        script.commands
          .filter(({ words: [program = ""] }) => PROGRAMS.has(lastPart(program)))
          .map((command) => ({ script, command, action: command.words.slice(1).find((word) => !word.startsWith("-")) })),
      );
    const update = uses.find(({ action }) => action === "update");
    if (!update || uses.some(({ action }) => USES.has(action ?? ""))) continue;
    const { script, command } = update;
    const program = lastPart(command.words[0] ?? "");
    linter.warn(AptGetUpdateAlone, [program], script.range(command.start, command.end), node.comments, {
      hint: `write RUN ${program} update && ${program} install -y …`,
    });
  }
}
