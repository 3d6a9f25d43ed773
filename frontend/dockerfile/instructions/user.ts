import type { NodeOf } from "../ast.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";
import { textArgument } from "./text-argument.js";

/**
 * Checks `USER name[:group]`: for RUN and for containers. Names are looked up when a process
 * starts.
 */
export function checkUser(node: NodeOf<"user">, report: Report): BoundInstruction | undefined {
  const value = textArgument(node, report);
  if (!value) return undefined;
  return bind(node, (at) => {
    const user = at.expand(value);
    at.stage.image = updated(at.stage.image, { User: user === "" ? undefined : user });
    at.commit(`USER ${user}`);
  });
}
