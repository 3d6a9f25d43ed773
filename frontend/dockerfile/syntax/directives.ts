import * as errors from "../errors/errors.js";
import type { Problem } from "../problem.js";
import type { LineMap } from "../../../core/text/line-map.js";
import type { PhysicalLine } from "./source-lines.js";
import type { Directives, Directive } from "../ast.js";

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const NAMES = new Set(["syntax", "escape", "check"]);

/**
 * Reads the parser directives: `# name=value` lines before anything else. The first other line, or
 * one with an unknown name, ends them. A `#!` line may come first; the rest of the parser reads it
 * as a comment, after which there is no escape directive.
 */
export function parseDirectives(lines: readonly PhysicalLine[], map: LineMap): { directives: Directives; problems: Problem[] } {
  const problems: Problem[] = [];
  const found = new Map<string, Directive>();
  let shebang = false;
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.text.startsWith("#!")) {
      shebang = true;
      continue;
    }
    const text = line.text.trimStart();
    const match = DIRECTIVE.exec(text);
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined || !NAMES.has(name)) break;
    const start = line.start + line.text.length - text.length;
    const range = map.range(start, start + text.trimEnd().length);
    if (found.has(name)) problems.push(errors.repeatedDirective(name, range));
    else found.set(name, { value: match[2] as string, range });
  }
  const escape = found.get("escape");
  if (escape && escape.value !== "\\" && escape.value !== "`") problems.push(errors.invalidEscape(escape.value, escape.range));
  const syntax = found.get("syntax");
  const check = found.get("check");
  return {
    directives: { escape: escape?.value === "`" && !shebang ? "`" : "\\", ...(syntax ? { syntax } : {}), ...(check ? { check } : {}) },
    problems,
  };
}
