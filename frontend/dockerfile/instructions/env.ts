import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { LegacyKeyValueFormat, withEquals } from "../lint/rules/legacy-key-value-format.js";
import { looksSecret, SECRET_HINT, SecretsUsedInArgOrEnv } from "../lint/rules/secrets-used-in-arg-or-env.js";
import type { BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

/**
 * Checks `ENV name=value …`: kept in the image. All values see the environment from before the
 * instruction.
 */
export function checkEnv(node: NodeOf<"env">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report) || !checkPairs(node, report)) return undefined;
  return bind(node, (at) => {
    const pairs = expandPairs(node, at);
    for (const [name, value] of pairs) {
      if (looksSecret(name)) {
        const place = at.isTrigger ? undefined : node.pairs.find((pair) => pair.name.text === name)?.name.range;
        at.build.linter.warn(SecretsUsedInArgOrEnv, ["ENV", name], place ?? node.range, node.comments, { hint: SECRET_HINT });
      }
      at.stage.env.set(name, value);
    }
    at.stage.setEnv(pairs);
    at.commit(`ENV${pairs.map(([name, value]) => ` ${name}=${value}`).join("")}`);
  });
}

/** Reports the faults of ENV's or LABEL's pairs. */
export function checkPairs(node: NodeOf<"env"> | NodeOf<"label">, report: Report): boolean {
  const keyword = node.keyword.text.toUpperCase();
  if (node.pairs.length === 0) {
    // A line with words has had its own problem.
    if (!/\s/.test(node.text)) report.add(errors.missingArguments(keyword, "at least one name=value", node.range));
    return false;
  }
  const blank = node.pairs.find((pair) => pair.name.text === "");
  if (blank) report.add(errors.blankName(keyword, blank.value.range));
  return blank === undefined;
}

/**
 * Expands names and values in the environment from before the instruction. Warns about the legacy
 * form.
 */
export function expandPairs(node: NodeOf<"env"> | NodeOf<"label">, at: InstructionContext): [name: string, value: string][] {
  if (node.legacy) {
    const fix = at.isTrigger ? undefined : withEquals(node);
    at.build.linter.warn(LegacyKeyValueFormat, [node.keyword.text.toUpperCase()], node.range, node.comments, { fix });
  }
  return node.pairs.map((pair) => [at.expand(pair.name), at.expand(pair.value)]);
}
