import type { Diagnostic } from "../../core/diagnostics.js";
import type { FrontendOptions, FrontendPorts } from "../frontend.js";
import type { DockerfileAst, Instruction } from "./ast.js";
import { Compilation } from "./compile.js";
import { NoEmptyContinuation } from "./lint/rules/no-empty-continuation.js";
import { RULES } from "./lint/all-rules.js";

/** A broken rule. */
export interface LintWarning extends Diagnostic {
  readonly rule: string;
  /** Requirement of the rule, in one sentence. */
  readonly description: string;
  /** True when BuildKit has the rule too. */
  readonly buildkit: boolean;
  /** First and last line of the instruction, from 1. BuildKit reports these. */
  readonly lines: readonly [first: number, last: number];
}

export interface CheckedDockerfile {
  /** Errors in file order; those without a place come last. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly LintWarning[];
}

/**
 * Finds all problems of a Dockerfile, of every stage when no target is named. With `ownRules` it
 * also applies the rules that BuildKit does not have. Throws only the errors of the ports.
 */
export async function checkDockerfile(
  ast: DockerfileAst,
  options: FrontendOptions,
  ports: FrontendPorts,
  ownRules: boolean,
): Promise<CheckedDockerfile> {
  const build = new Compilation({ ast, options, ports, ownRules });
  await build.run(options.target === undefined);
  const rules = new Map<string, (typeof RULES)[number]>(RULES.map((rule) => [rule.name, rule]));
  const warnings = build.problems("warning").flatMap((warning): LintWarning[] => {
    const rule = rules.get(warning.rule ?? "");
    if (!rule) return [];
    return [{ ...warning, rule: rule.name, description: rule.description, buildkit: !rule.own, lines: linesOf(warning, ast) }];
  });
  return { errors: build.problems("error"), warnings };
}

function linesOf({ range, rule }: Diagnostic, ast: DockerfileAst): readonly [number, number] {
  if (!range) return [1, 1];
  const node = instructionAt(ast.instructions, range.start);
  if (!node) return [range.line, range.endLine];
  // BuildKit notices an empty line at the end of the instruction it is in.
  if (rule === NoEmptyContinuation.name) {
    const last = Math.max(textEndLine(node), range.line);
    return [last, last];
  }
  return [node.range.line, node.range.endLine];
}

/** Returns the last line before heredoc bodies. */
function textEndLine(node: Instruction): number {
  const [first] = node.heredocs;
  return first ? first.range.line - 1 : node.range.endLine;
}

/** Returns the last instruction that begins at an offset or before it. */
function instructionAt(instructions: readonly Instruction[], offset: number): Instruction | undefined {
  let low = 0;
  let high = instructions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((instructions[middle] as Instruction).range.start <= offset) low = middle + 1;
    else high = middle;
  }
  return instructions[low - 1];
}
