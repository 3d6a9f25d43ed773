import { parseTimeSpan } from "../../../core/text/time-span.js";
import type { VertexMetadata } from "../../../llb/vertex.js";
import type { Instruction } from "../ast.js";
import * as errors from "../errors/errors.js";
import type { Report } from "../errors/report.js";

/** Cache rule of a step in a comment above it: `# tsbuild: cache=never`, `# tsbuild: cache=24h`. */
type StepCacheRule = { readonly kind: "never" } | { readonly kind: "max-age"; readonly milliseconds: number };

const COMMENT = /^tsbuild:\s*(.*)$/i;

/**
 * Reads the comments for tsbuild directly above an instruction; other builders ignore them. A
 * comment for us that cannot be read gives a problem: ignored, it would leave a step cached that
 * must not be.
 */
export function readStepComments(comments: readonly string[]): { readonly rule: StepCacheRule | undefined; readonly problem?: string } {
  let rule: StepCacheRule | undefined;
  for (const comment of comments) {
    const text = COMMENT.exec(comment)?.[1];
    if (text === undefined) continue;
    for (const option of text.split(/[\s,;]+/).filter(Boolean)) {
      const equals = option.indexOf("=");
      const [name, value] = equals < 0 ? [option, ""] : [option.slice(0, equals), option.slice(equals + 1)];
      if (name.toLowerCase() !== "cache") return { rule, problem: `there is no option "${name}"` };
      const milliseconds = parseTimeSpan(value);
      if (value.toLowerCase() === "never") rule = { kind: "never" };
      else if (milliseconds !== undefined) rule = { kind: "max-age", milliseconds };
      else return { rule, problem: `"${value}" is neither never nor an age such as 30m, 24h or 7d` };
    }
  }
  return { rule };
}

/**
 * Reports the faults of the comments above an instruction. `isStep` means that there is something
 * to cache.
 */
export function checkStepComments(node: Instruction, isStep: boolean, report: Report): void {
  const { rule, problem } = readStepComments(node.comments);
  if (problem !== undefined) report.add(errors.stepComment(problem, node.range));
  else if (rule && !isStep) report.add(errors.stepComment(`${node.keyword.text.toUpperCase()} runs nothing that is cached`, node.range));
}

/** Returns the metadata of a rule for the vertices of its step. */
export function cacheMetadata(rule: StepCacheRule | undefined): Pick<VertexMetadata, "ignoreCache" | "ignoreReason" | "maxAge"> {
  switch (rule?.kind) {
    case undefined:
      return {};
    case "never":
      return { ignoreCache: true, ignoreReason: "the comment above it says cache=never" };
    case "max-age":
      return { maxAge: rule.milliseconds };
  }
}
