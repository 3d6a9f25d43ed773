import type { NodeOf } from "../ast.js";
import { commandArgs } from "../command-line.js";
import { readFlags } from "../flags.js";
import { quoteList } from "../../../core/go-values/quote.js";
import { updated } from "../image-config.js";
import type { BoundInstruction } from "../lowering.js";
import type { Report } from "../report.js";
import { markUsed } from "../used-once.js";
import { bind } from "./bind.js";
import { adviseJson } from "./cmd.js";

/** `ENTRYPOINT`: what a container runs. It drops an inherited CMD, unless this stage has set one before. */
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
