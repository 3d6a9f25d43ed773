import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { plainList } from "../../../core/go-values/quote.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

/** Checks `SHELL ["program", "argument"]`: for later shell forms, and kept in the image. */
export function checkShell(node: NodeOf<"shell">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  const { command } = node;
  if (command?.form === "shell") {
    report.add(errors.shellForm(command.text, command.range));
    return undefined;
  }
  if (!command || command.args.length === 0) {
    // An array with a member that is no string has had its own problem.
    if (command || !/\[/.test(node.text)) report.add(errors.missingArguments("SHELL", "at least one argument", node.range));
    return undefined;
  }
  const shell = command.args.map((word) => word.text);
  return bind(node, (at) => {
    at.stage.image = updated(at.stage.image, { Shell: shell });
    at.commit(`SHELL ${plainList(shell)}`);
  });
}
