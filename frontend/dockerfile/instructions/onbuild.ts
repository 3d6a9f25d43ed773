import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

const FORBIDDEN = new Set(["onbuild", "from", "maintainer"]);

/**
 * Checks `ONBUILD instruction`: kept as text, and run by stages with this one as their base. The
 * trigger is not checked or expanded before that.
 */
export function checkOnbuild(node: NodeOf<"onbuild">, report: Report): BoundInstruction | undefined {
  const { trigger } = node;
  if (!trigger) {
    report.add(errors.missingArguments("ONBUILD", "an instruction", node.range));
    return undefined;
  }
  if (FORBIDDEN.has(trigger.kind)) {
    report.add(errors.triggerForbidden(trigger.keyword.text.toUpperCase(), trigger.keyword.range));
    return undefined;
  }
  const text = node.triggerText + trigger.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join("");
  return bind(node, (at) => {
    at.stage.image = updated(at.stage.image, { OnBuild: [...(at.stage.image.config?.OnBuild ?? []), text] });
  });
}
