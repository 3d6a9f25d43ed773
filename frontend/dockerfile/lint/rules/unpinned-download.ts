import { withoutUserinfo } from "../../../../core/text/address.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";
import { isPosixShell, lastPart } from "../shells.js";
import { isGit, isRemote } from "../sources.js";

export const UnpinnedDownload: FileRule<[what: string, why: string]> = {
  name: "UnpinnedDownload",
  description: "Downloads should be checked against a known checksum",
  own: true,
  message: (what, why) => `The download "${what}" ${why}`,
  check: checkUnpinnedDownload,
};

const FETCH = new Set(["curl", "wget"]);
const INTERPRETERS = /^(python|perl|ruby|node|php)[\d.]*$/;

/**
 * Warns about a script that is run directly from the network, and about an ADD of a URL without a
 * checksum.
 */
function checkUnpinnedDownload(file: LintFile, linter: Linter): void {
  checkScripts(file, linter);
  for (const stage of file.stages) {
    for (const node of stage.instructions) {
      if (node.kind !== "add" || node.flags.some((flag) => flag.name === "checksum")) continue;
      const source = node.args.slice(0, -1).find(({ text }) => isRemote(text) && !isGit(text));
      if (!source) continue;
      linter.warn(
        UnpinnedDownload,
        [withoutUserinfo(source.text), "is not checked: its bytes may be others tomorrow"],
        source.range,
        node.comments,
        {
          hint: "write ADD --checksum=sha256:… with the digest of the file that you mean",
        },
      );
    }
  }
}

function checkScripts(file: LintFile, linter: Linter): void {
  for (const { commands, node, range } of file.scripts) {
    for (const [i, command] of commands.entries()) {
      const fetched = runsDownload(command.words) ?? pipedInto(i);
      if (fetched === undefined) continue;
      const { start, end } = commands[fetched < 0 ? i : fetched] as (typeof commands)[number];
      const what = (commands[fetched < 0 ? i : fetched]?.words ?? []).find((word) => /:\/\//.test(word)) ?? command.words[0] ?? "";
      const url = /https?:\/\/[^\s"')]+/.exec(what)?.[0] ?? what;
      linter.warn(
        UnpinnedDownload,
        [withoutUserinfo(url), "is run unseen: whoever can change it runs commands in the build"],
        range(start, Math.max(end, command.end)),
        node.comments,
        {
          hint: "download it to a file, check it with sha256sum -c, then run it; or ADD --checksum",
        },
      );
    }

    /** Returns the command of this pipe that fetches, when the i-th runs its output. */
    function pipedInto(i: number): number | undefined {
      const program = lastPart(commands[i]?.words[0] ?? "");
      if (commands[i]?.operator !== "|" || !(isPosixShell(program) || INTERPRETERS.test(program))) return undefined;
      // `python -c code` and `sh script` do not read a script from the pipe.
      const operand = commands[i]?.words.slice(1).find((word) => !word.startsWith("-") || word === "-c");
      if (operand !== undefined && operand !== "-" && !commands[i]?.words.includes("-s") && !commands[i]?.words.includes("-"))
        return undefined;
      for (let j = i - 1; j >= 0; j--) {
        if (FETCH.has(lastPart(commands[j]?.words[0] ?? ""))) return j;
        if (commands[j]?.operator !== "|") return undefined;
      }
      return undefined;
    }
  }
}

/**
 * Returns -1, the command itself, for `bash <(curl …)`, `sh -c "$(curl …)"`, `eval "$(wget …)"`.
 */
function runsDownload([program = "", ...rest]: readonly string[]): -1 | undefined {
  const runs = isPosixShell(program) || ["eval", "source", "."].includes(program);
  return runs && rest.some((word) => /(<\(|\$\(|`)\s*(curl|wget)\s/.test(word)) ? -1 : undefined;
}
