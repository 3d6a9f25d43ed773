import type { CommandLine } from "../ast.js";
import type { StageImage } from "../values/image-config.js";

const DEFAULT_SHELL = ["/bin/sh", "-c"];
const WINDOWS_SHELL = ["cmd", "/S", "/C"];

/** Returns the arguments of a process that runs `text` in the stage's shell. */
export function withShell(image: StageImage, text: string): readonly string[] {
  const shell = image.config?.Shell;
  return [...(shell && shell.length > 0 ? shell : image.os === "windows" ? WINDOWS_SHELL : DEFAULT_SHELL), text];
}

/**
 * Returns the arguments of a command line in either form. A missing one is an empty text for the
 * shell.
 */
export function commandArgs(image: StageImage, command: CommandLine | undefined): readonly string[] {
  return command?.form === "exec" ? command.args.map((word) => word.text) : withShell(image, command?.text ?? "");
}
