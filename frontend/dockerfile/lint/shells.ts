import type { Instruction } from "../ast.js";
import type { StageNode } from "../ast.js";

const DEFAULT = ["/bin/sh", "-c"];
const POSIX = new Set(["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"]);

/** Returns true for a shell of the Bourne family, by the last part of its path. */
export function isPosixShell(program: string): boolean {
  return POSIX.has(lastPart(program));
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Returns the shell of every RUN, as far as the text shows it: a SHELL in the base image is
 * unknown. With a backtick as the escape character it is a shell of Windows.
 */
export function shellsOf(stages: readonly StageNode[], escape: string): ReadonlyMap<Instruction, readonly string[]> {
  const shells = new Map<Instruction, readonly string[]>();
  const last = new Map<string, readonly string[]>();
  for (const stage of stages) {
    let shell = last.get(stage.base.text.toLowerCase()) ?? (escape === "`" ? ["cmd"] : DEFAULT);
    for (const node of stage.instructions) {
      if (node.kind === "shell" && node.command?.form === "exec") shell = node.command.args.map((word) => word.text);
      if (node.kind === "run") shells.set(node, shell);
    }
    if (stage.name !== undefined) last.set(stage.name, shell);
  }
  return shells;
}

/**
 * Returns true when a shell is started with an option, as a letter among others (`-ec`) or by its
 * name (`-o pipefail`).
 */
export function hasOption(words: readonly string[], letter: string | undefined, name: string): boolean {
  return words.some(
    (word, i) =>
      (letter !== undefined && /^-[a-zA-Z]+$/.test(word) && word.includes(letter)) ||
      (word === name && /^-[a-zA-Z]*o$/.test(words[i - 1] ?? "")),
  );
}
