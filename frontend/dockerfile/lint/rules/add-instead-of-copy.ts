import { fixOf, replaceWord } from "../../errors/edits.js";
import { isRemote } from "../sources.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const AddInsteadOfCopy: FileRule<[source: string]> = {
  name: "AddInsteadOfCopy",
  description: "COPY should be used for what is only copied",
  own: true,
  message: (source) => `COPY is enough for "${source}": ADD is for archives to unpack, URLs and Git repositories`,
  check: checkAddInsteadOfCopy,
};

const ARCHIVE = /\.(tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst|lzma|lz4|zip)$/i;
/**
 * Directories, and files with an ending of another kind: never unpacked, whatever their content.
 */
const CERTAIN = /(^\.{0,2}$|\/\.{0,2}$|\.(?!\/)[A-Za-z0-9]{1,12}$)/;

function checkAddInsteadOfCopy(file: LintFile, linter: Linter): void {
  for (const stage of file.stages) {
    for (const node of stage.instructions) {
      if (node.kind !== "add" || node.flags.some((flag) => ["checksum", "keep-git-dir", "unpack"].includes(flag.name))) continue;
      const sources = node.args.slice(0, -1);
      const [first] = sources;
      // Variables and wildcards may stand for anything.
      if (!first || sources.some(({ text }) => isRemote(text) || ARCHIVE.test(text) || /[$*?[]/.test(text))) continue;
      const copy = node.keyword.text === node.keyword.text.toLowerCase() ? "copy" : "COPY";
      const safe = sources.every(({ text }) => CERTAIN.test(text) || text.startsWith("<<"));
      linter.warn(AddInsteadOfCopy, [first.text], node.keyword.range, node.comments, {
        fix: fixOf("Use COPY", [replaceWord(node.keyword, copy)], safe),
      });
    }
  }
}
