import type { ListNode } from "../../ast.js";
import type { FileRule } from "../file-rule.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";

export const LinkChangesParents: FileRule<[keyword: string, directory: string, change: string]> = {
  name: "LinkChangesParents",
  description: "A linked layer should not replace the owner or mode of a directory of the base",
  own: true,
  message: (keyword, directory, change) => `${keyword} --link makes "${directory}" anew: ${change}`,
  check: checkLinkChangesParents,
};

/** Directories that images have, with root as owner. */
const ROOTS = new Set(
  `/bin /boot /dev /etc /home /lib /media /mnt /opt /root /run /sbin /srv /tmp /usr /usr/bin /usr/lib /usr/local /usr/local/bin
   /usr/local/lib /usr/local/share /usr/sbin /usr/share /var /var/cache /var/lib /var/log /var/run /var/spool /var/tmp`.split(/\s+/),
);
/** Modes of directories among them that are not 0755. */
const MODES = new Map([
  ["/tmp", "1777"],
  ["/var/tmp", "1777"],
  ["/root", "0700"],
]);
const ROOT = /^(root|0)(:(root|0))?$/;

/**
 * Warns of a linked COPY or ADD whose layer holds a directory of the base with another owner or
 * mode. A layer that is linked does not know the base, and makes the directories above its files
 * with the owner of `--chown` and the mode 0755.
 */
function checkLinkChangesParents(file: LintFile, linter: Linter): void {
  for (const stage of file.stages) {
    if (stage.base.text === "scratch") continue;
    for (const node of stage.instructions) {
      if (node.kind !== "copy" && node.kind !== "add") continue;
      const place = node.args.at(-1);
      if (!place || !isLinked(node)) continue;
      const owner = flagOf(node, "chown") ?? "root";
      const directories = directoriesAbove(place.text, node.args.length > 2);
      const changed = directories.find((path) => MODES.has(path) || (ROOTS.has(path) && !ROOT.test(owner)));
      if (changed === undefined) continue;
      const mode = MODES.get(changed);
      const changes = [
        ...(ROOT.test(owner) ? [] : [`its owner becomes ${owner}`]),
        ...(mode === undefined ? [] : [`its mode becomes 0755, and was ${mode}`]),
      ];
      const keyword = node.keyword.text.toUpperCase();
      linter.warn(LinkChangesParents, [keyword, changed, changes.join("; ")], place.range, node.comments, {
        hint: "without --link the directory stays as the base has it",
      });
    }
  }
}

function isLinked(node: ListNode): boolean {
  const flag = node.flags.find(({ name }) => name === "link");
  return flag !== undefined && !/^(false|f|0)$/i.test(flag.value ?? "true");
}

function flagOf(node: ListNode, wanted: string): string | undefined {
  return node.flags.findLast(({ name }) => name === wanted)?.value;
}

/** Returns the directories that a copy to an absolute path makes, from the uppermost. */
function directoriesAbove(path: string, isDirectory: boolean): readonly string[] {
  if (!path.startsWith("/")) return [];
  const names = path.split("/").filter(Boolean);
  const own = isDirectory || path.endsWith("/") ? names : names.slice(0, -1);
  return own.map((_name, index) => `/${names.slice(0, index + 1).join("/")}`);
}
