import type { SourceRange } from "../../../core/diagnostics.js";
import type { Heredoc, NodeOf } from "../ast.js";
import { parseHeredoc } from "../syntax/heredoc.js";
import type { StageNode } from "../ast.js";
import { joinedToSource } from "./joined-to-source.js";
import { type ShellCommand, shellCommands } from "./shell-commands.js";
import { isPosixShell } from "./shells.js";

/** Text that a POSIX shell runs, with its places in the file. */
export interface RunScript {
  readonly node: NodeOf<"run">;
  readonly stage: StageNode;
  readonly text: string;
  readonly commands: readonly ShellCommand[];
  /** Command that starts the shell: SHELL, the command before the heredoc, or the words of `#!`. */
  readonly shell: readonly string[];
  /** Heredoc of the script; undefined for the instruction's own line. */
  readonly heredoc: Heredoc | undefined;
  range(from: number, to: number): SourceRange;
}

/** The file that holds the scripts. */
interface ScriptFile {
  readonly text: string;
  readonly escape: string;
  /** Returns a range by offsets in the text. */
  range(start: number, end: number): SourceRange;
}

/** Returns the script in the line of a RUN; undefined when no POSIX shell reads it. */
export function lineScript(node: NodeOf<"run">, stage: StageNode, shell: readonly string[], file: ScriptFile): RunScript | undefined {
  const { command } = node;
  if (command?.form !== "shell" || !isPosixShell(shell[0] ?? "")) return undefined;
  const { text, range } = command;
  return {
    node,
    stage,
    shell,
    heredoc: undefined,
    text,
    commands: shellCommands(text),
    range: (from, to) => {
      const places = joinedToSource(text, file.text.slice(range.start, range.end), file.escape);
      const first = places?.[from];
      const last = places?.[to - 1];
      return first === undefined || last === undefined ? range : file.range(range.start + first, range.start + last + 1);
    },
  };
}

/** Returns the script in a heredoc: run by SHELL, by its own `#!`, or as the input of a shell. */
export function heredocScript(
  node: NodeOf<"run">,
  stage: StageNode,
  shell: readonly string[],
  heredoc: Heredoc,
  file: ScriptFile,
): RunScript | undefined {
  const runner = runnerOf(node, shell, heredoc);
  if (!runner || !isPosixShell(runner[0] ?? "")) return undefined;
  const start = heredoc.range.start;
  return {
    node,
    stage,
    shell: runner,
    heredoc,
    text: heredoc.content,
    commands: shellCommands(heredoc.content),
    range: (from, to) => file.range(start + from, start + to),
  };
}

function runnerOf(node: NodeOf<"run">, shell: readonly string[], heredoc: Heredoc): readonly string[] | undefined {
  if (node.command?.form !== "shell" || node.heredocs.length !== 1) return undefined;
  const words = node.command.text.trim().split(/\s+/);
  const before = words.filter((word) => !parseHeredoc(word));
  if (words.length - before.length !== 1) return undefined;
  if (before.length > 0) return before.every((word) => !/[|&;<>]/.test(word)) ? before : undefined;
  const shebang = /^#!\s*(.+)/.exec(heredoc.content)?.[1]?.trim().split(/\s+/);
  if (!shebang) return shell;
  return shebang[0]?.endsWith("/env") ? shebang.slice(1).filter((word, i) => i > 0 || word !== "-S") : shebang;
}
