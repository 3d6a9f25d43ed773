import type { NodeOf } from "../ast.js";
import { readFlags } from "../syntax/flags.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";
import { checkPairs, expandPairs } from "./env.js";

/** Checks `LABEL name=value …`: overrides the labels of the base image. */
export function checkLabel(node: NodeOf<"label">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report) || !checkPairs(node, report)) return undefined;
  return bind(node, (at) => {
    const pairs = expandPairs(node, at);
    at.stage.addToSet("Labels", pairs);
    at.commit(`LABEL${pairs.map(([name, value]) => ` ${name}=${value}`).join("")}`);
  });
}
