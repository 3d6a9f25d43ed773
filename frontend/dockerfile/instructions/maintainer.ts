import type { NodeOf } from "../ast.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";
import { textArgument } from "./text-argument.js";

/** Checks `MAINTAINER name`: the image's author. */
export function checkMaintainer(node: NodeOf<"maintainer">, report: Report): BoundInstruction | undefined {
  const author = textArgument(node, report);
  if (!author) return undefined;
  return bind(node, (at) => {
    at.stage.image = { ...at.stage.image, author: author.text };
    at.commit(`MAINTAINER ${author.text}`);
  });
}
