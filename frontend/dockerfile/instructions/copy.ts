import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { expandWord, NO_VARIABLES } from "../values/expand.js";
import { ExpansionError } from "../values/expansion-error.js";
import { readFlags } from "../syntax/flags.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { SourceName } from "../stage/stage-state.js";
import type { Report } from "../errors/report.js";
import { describeSource } from "../stage/source-name.js";
import { checkArguments, lowerTransfer } from "../stage/transfer.js";
import { bind } from "./bind.js";

/** Checks `COPY source … destination`, from the context, a stage or an image. */
export function checkCopy(node: NodeOf<"copy">, report: Report): BoundInstruction | undefined {
  const flags = readFlags(
    node,
    { from: "string", chown: "string", chmod: "string", link: "boolean", parents: "boolean", exclude: "list" },
    report,
  );
  const args = checkArguments(node, report);
  if (!flags || !args) return undefined;
  const from = flags.from?.value;
  let source: SourceName | undefined;
  if (flags.from && from) {
    if (hasVariable(from)) {
      report.add(errors.fromVariable("--from", from, flags.from.valueRange));
      return undefined;
    }
    source = { name: from, range: flags.from.valueRange, verb: "copy" };
  }
  return bind(
    node,
    (at) =>
      lowerTransfer(
        {
          ...args,
          keyword: "COPY",
          chown: flags.chown,
          chmod: flags.chmod,
          exclude: flags.exclude,
          link: flags.link ?? false,
          parents: flags.parents ?? false,
          unpack: false,
          remote: { checksum: undefined, keepGitDir: undefined },
          ...(from ? { from: describeSource(from, at.sources[0]) } : {}),
        },
        source ? at.sources[0]?.rootfs : at.build.context,
        source === undefined,
        at,
      ),
    { sources: [source], isStep: true },
  );
}

function hasVariable(text: string): boolean {
  try {
    return expandWord(text, NO_VARIABLES, { escape: "\\" }).text !== text;
  } catch (error) {
    if (error instanceof ExpansionError) return true;
    throw error;
  }
}
