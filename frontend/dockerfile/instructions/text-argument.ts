import type { TextNode, Word } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import type { Report } from "../errors/report.js";

/** Returns the one argument of an instruction that takes the rest of its line. */
export function textArgument(node: TextNode, report: Report): Word | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  if (!node.value) report.add(errors.missingArguments(node.keyword.text.toUpperCase(), "exactly one argument", node.range));
  return node.value;
}
