import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { plainList } from "../../../core/go-values/quote.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

/** Checks `VOLUME path …`: metadata. Files that are written there later stay. */
export function checkVolume(node: NodeOf<"volume">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  if (node.args.length === 0) {
    report.add(errors.missingArguments("VOLUME", "at least one path", node.range));
    return undefined;
  }
  const empty = node.args.find((word) => word.text.trim() === "");
  if (empty) {
    report.add(errors.emptyVolume(empty.range));
    return undefined;
  }
  return bind(node, (at) => {
    const volumes = node.args.map((word) => {
      const path = at.expand({ text: word.text.trim(), range: word.range });
      if (path === "") at.fail(errors.emptyVolume(word.range));
      return path;
    });
    at.stage.addToSet(
      "Volumes",
      volumes.map((path) => [path, {}]),
    );
    at.commit(`VOLUME ${plainList(volumes)}`);
  });
}
