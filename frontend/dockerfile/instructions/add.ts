import type { NodeOf } from "../ast.js";
import { readFlags } from "../syntax/flags.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { checkArguments, lowerTransfer } from "../stage/transfer.js";
import { bind } from "./bind.js";

/**
 * Checks `ADD source … destination`: COPY from the context that also unpacks archives, downloads
 * URLs and clones repositories.
 */
export function checkAdd(node: NodeOf<"add">, report: Report): BoundInstruction | undefined {
  const flags = readFlags(
    node,
    {
      chown: "string",
      chmod: "string",
      link: "boolean",
      "keep-git-dir": "boolean",
      checksum: "string",
      unpack: "boolean",
      exclude: "list",
    },
    report,
  );
  const args = checkArguments(node, report);
  if (!flags || !args) return undefined;
  return bind(
    node,
    (at) =>
      lowerTransfer(
        {
          ...args,
          keyword: "ADD",
          chown: flags.chown,
          chmod: flags.chmod,
          exclude: flags.exclude,
          link: flags.link ?? false,
          parents: false,
          unpack: flags.unpack,
          remote: { checksum: flags.checksum, keepGitDir: flags["keep-git-dir"] },
        },
        at.build.context,
        true,
        at,
      ),
    { isStep: true },
  );
}
