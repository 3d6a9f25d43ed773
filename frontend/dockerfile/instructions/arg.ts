import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { looksSecret, SECRET_HINT, SecretsUsedInArgOrEnv } from "../lint/rules/secrets-used-in-arg-or-env.js";
import type { BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import { NON_ENVIRONMENT_ARGS } from "../stage/scan-args.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

/** Checks `ARG name[=default] …`: visible from here on, never in the image. */
export function checkArg(node: NodeOf<"arg">, report: Report): BoundInstruction | undefined {
  if (!checkArgNode(node, report)) return undefined;
  return bind(node, (at) => {
    const texts = node.args.map((arg) => {
      const name = arg.name.text;
      if (looksSecret(name)) {
        const place = at.isTrigger ? node.range : arg.name.range;
        at.build.linter.warn(SecretsUsedInArgOrEnv, ["ARG", name], place, node.comments, { hint: SECRET_HINT });
      }
      const value = argValue(name, arg.value, at);
      if (value !== undefined && !NON_ENVIRONMENT_ARGS.has(name)) at.stage.env.set(name, value);
      at.stage.buildArgs.set(name, value);
      return value === undefined ? name : `${name}=${value}`;
    });
    at.commit(`ARG ${texts.join(" ")}`);
  });
}

/**
 * Returns the command line's value, else the default, else the value of the ARG before the first
 * FROM. Does not expand an unused default.
 */
function argValue(name: string, fallback: NodeOf<"arg">["args"][number]["value"], at: InstructionContext): string | undefined {
  const given = Object.hasOwn(at.build.buildArgs, name) ? at.build.buildArgs[name] : undefined;
  if (given !== undefined) return given;
  return fallback === undefined ? at.build.globalArgs.get(name) : at.expand(fallback);
}

/** Checks the parts of any ARG, also of one before the first FROM. */
export function checkArgNode(node: NodeOf<"arg">, report: Report): boolean {
  if (!readFlags(node, {}, report)) return false;
  if (node.args.length === 0) {
    report.add(errors.missingArguments("ARG", "at least one name", node.range));
    return false;
  }
  const blank = node.args.find((arg) => arg.name.text === "");
  if (blank) report.add(errors.blankName("ARG", blank.value?.range ?? node.range));
  return blank === undefined;
}
