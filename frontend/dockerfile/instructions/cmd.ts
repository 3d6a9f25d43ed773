import type { NodeOf } from "../ast.js";
import { commandArgs } from "../stage/command-line.js";
import { readFlags } from "../syntax/flags.js";
import { quoteList } from "../../../core/go-values/quote.js";
import { updated } from "../values/image-config.js";
import { asJson, JSONArgsRecommended } from "../lint/rules/json-args-recommended.js";
import type { BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { markUsed } from "../stage/used-once.js";
import { bind } from "./bind.js";

/** Checks `CMD`: the default command, or the arguments of ENTRYPOINT. */
export function checkCmd(node: NodeOf<"cmd">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  return bind(node, (at) => {
    markUsed(at, "cmd");
    adviseJson(node, at);
    const args = commandArgs(at.stage.image, node.command);
    at.stage.image = updated(at.stage.image, { Cmd: args.length > 0 ? args : undefined, ArgsEscaped: true });
    at.commit(`CMD ${quoteList(args)}`);
  });
}

/**
 * Warns about the shell form: a shell between the runtime and the program does not pass signals on.
 * A stage with SHELL wants its shell.
 */
export function adviseJson(node: NodeOf<"cmd"> | NodeOf<"entrypoint">, at: InstructionContext): void {
  if (node.command?.form !== "shell" || (at.stage.image.config?.Shell ?? []).length > 0) return;
  const fix = at.isTrigger ? undefined : asJson(node.command, isOnlyCommand(node, at));
  at.build.linter.warn(JSONArgsRecommended, [node.keyword.text.toUpperCase()], node.range, node.comments, { fix });
}

/**
 * Returns true when no other instruction sets the command: CMD is the arguments of an ENTRYPOINT
 * without a shell, and ignored by one with a shell.
 */
function isOnlyCommand(node: NodeOf<"cmd"> | NodeOf<"entrypoint">, at: InstructionContext): boolean {
  const other = node.kind === "cmd" ? "entrypoint" : "cmd";
  const inherited = node.kind === "cmd" && (at.stage.image.config?.Entrypoint ?? []).length > 0;
  return at.stage.baseKnown && !inherited && !(at.stage.node?.instructions ?? []).some((candidate) => candidate.kind === other);
}
