import type { Flag, NodeOf, Word } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import type { Report } from "../errors/report.js";

interface FromStage {
  readonly base: Word;
  /** Name in lower case. */
  readonly name: string | undefined;
  readonly platform: Flag | undefined;
}

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/**
 * Checks `FROM [--platform=p] image [AS name]`. FROM begins a stage, so it has nothing to lower.
 */
export function checkFrom(node: NodeOf<"from">, report: Report): FromStage | undefined {
  const flags = readFlags(node, { platform: "string" }, report);
  const [base, as, alias] = node.args;
  if (!base || (node.args.length !== 1 && !(node.args.length === 3 && as?.text.toLowerCase() === "as"))) {
    report.add(errors.fromForm(node.range));
    return undefined;
  }
  const name = alias?.text.toLowerCase();
  if (alias && name !== undefined && !STAGE_NAME.test(name)) {
    report.add(errors.stageName(alias.text, alias.range));
    return { base, name: undefined, platform: flags?.platform };
  }
  return { base, name, platform: flags?.platform };
}
