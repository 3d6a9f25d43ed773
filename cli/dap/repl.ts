import type { SteppedBuild } from "../../api/stepping/stepped-build.js";
import { exitText } from "../../api/commands/exit.js";
import { printableLines } from "../../core/text/printable.js";
import { noVariable } from "./errors.js";
import type { StateTree } from "./variables.js";

/**
 * Runs a line of an editor's console by the shell of the step, where the build stands. Its changes
 * are thrown away. Returns a text about an end that is no success.
 */
export async function runLine(
  line: string,
  build: Pick<SteppedBuild, "command">,
  output: (text: string, stream: "stdout" | "stderr") => void,
): Promise<string> {
  const exit = await build.command({
    command: ["/bin/sh", "-c", line],
    onOutput: (stream, data) => output(printableLines(Buffer.from(data).toString("utf8")), stream),
  });
  return "code" in exit && exit.code === 0 ? "" : `The command ended ${exitText(exit)}`;
}

/** Returns the value of a variable of the step, whose name has a dollar sign or none. */
export async function valueOf(expression: string, tree: Pick<StateTree, "value">): Promise<string> {
  const name = /^\$?\{?([A-Za-z_]\w*)\}?$/.exec(expression.trim())?.[1];
  const value = name === undefined ? undefined : await tree.value(name);
  if (value === undefined) throw noVariable(expression);
  return printableLines(value);
}
