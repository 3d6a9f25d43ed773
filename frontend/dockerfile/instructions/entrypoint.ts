import type { NodeOf } from "../ast.js";
import { commandArgs } from "../stage/command-line.js";
import { readFlags } from "../syntax/flags.js";
import { quoteList } from "../../../core/go-values/quote.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { markUsed } from "../stage/used-once.js";
import { bind } from "./bind.js";
import { adviseJson } from "./cmd.js";

/**
 * Checks `ENTRYPOINT`: the command of a container. ENTRYPOINT drops an inherited CMD, unless this
 * stage has set CMD before.
 */
export function checkEntrypoint(node: NodeOf<"entrypoint">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  return bind(node, (at) => {
    markUsed(at, "entrypoint");
    adviseJson(node, at);
    const args = commandArgs(at.stage.image, node.command);
    at.stage.image = updated(at.stage.image, { Entrypoint: args.length > 0 ? args : undefined });
    if (!at.stage.once.has("cmd")) at.stage.image = updated(at.stage.image, { Cmd: undefined });
    at.commit(`ENTRYPOINT ${quoteList(args)}`);
  });
}
